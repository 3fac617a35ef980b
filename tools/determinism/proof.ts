import type { Node } from 'oxc-parser';
import { FUNCTIONS } from '../../infra/functions.ts';
import { SITES } from '../llm-sites/declared.ts';
import { type Machines } from '../llm-sites/machines.ts';
import { idOf, reachFrom, resolve } from '../llm-sites/reach.ts';
import type { Tree } from '../llm-sites/source.ts';
import { answersOf, memberOf, type StageAnswers, stageAnswers } from './answers.ts';
import { controlReads, matchedErrors } from './control.ts';
import { endingProblems } from './ending.ts';
import { errorNameProblems } from './error-names.ts';
import { bare, functionNamed, literalsOf, type Place, placeIn } from './expressions.ts';
import { harnessProblems } from './harness.ts';
import { isReviewed, strangeTests } from './verdicts.ts';

type Kind =
  | { kind: 'stage'; file: string; name: string }
  | { kind: 'end' }
  | { kind: 'hold' }
  | { kind: 'handler'; run: Node; place: Place };

/** How a function was made: `export const create = stage(compile)`. */
const kindOf = (tree: Tree, fn: string): Kind | null => {
  const entry = FUNCTIONS.find(({ name }) => name === fn)?.entry ?? '';
  if (!tree.has(entry)) return null;
  const place = placeIn(tree, entry);
  const [declared] = place.module.declarations.get('create') ?? [];
  const call = declared?.type === 'VariableDeclarator' && declared.init ? bare(declared.init) : null;
  if (call?.type !== 'CallExpression' || call.callee.type !== 'Identifier') return null;
  const [argument] = call.arguments;
  const made = call.callee.name;
  if (made === 'end' || made === 'hold') return { kind: made };
  if (made === 'handler' && argument) return { kind: 'handler', run: argument, place };
  const [target] = argument?.type === 'Identifier' ? resolve(tree, entry, argument.name) : [];
  return made === 'stage' && target ? { kind: 'stage', ...target } : null;
};

/** Whether code that starts at a function can ask a model. */
const asksModels = (tree: Tree, fn: string): boolean => {
  const entry = FUNCTIONS.find(({ name }) => name === fn)?.entry ?? '';
  const reached = reachFrom(tree, { file: entry, name: 'create' });
  return SITES.some(({ places }) => places.some((place) => reached.has(place)));
};

/** A stage as the proof sees it: an agent's conditions must be verdicts, and an agent leaves no facts. */
const stageProblems = (fn: string, answers: StageAnswers, asks: boolean): string[] => [
  ...answers.problems,
  ...(asks ? strangeTests(answers.tests).map((test) => `${fn} chooses its answer by ${test}, which is no verdict`) : []),
  ...(asks && answers.facts.size > 0 ? [`${fn} asks a model and leaves facts: ${[...answers.facts.keys()].join(', ')}`] : []),
];

const handlerProblems = (tree: Tree, fn: string, field: string, { run, place }: Extract<Kind, { kind: 'handler' }>): string[] => {
  if (asksModels(tree, fn)) return [`${fn} asks a model outside of a stage; make it one`];
  const named = run.type === 'Identifier' ? functionNamed(place, run.name) : { fn: run, place };
  const { objects, problems } = named ? answersOf(named.fn, named.place) : { objects: [], problems: [`${fn} has no function to follow`] };
  const strange = objects.filter((object) => {
    const value = memberOf(object, field);
    return value !== null && literalsOf(value, object.place, []) === null;
  });
  return [...problems, ...strange.map(() => `${fn} answers "${field}" with what is not written in the code`)];
};

const ORIGIN = /^(result|answer|error)\((.+?)\)(?:\.(.+))?$/;

/** Why a machine must not let a value decide; nothing where code made it. */
export const originProblems = (tree: Tree, origin: string, use: 'route' | 'words'): string[] => {
  if (isReviewed(origin) || /^(constant$|service\b|context\b|input\b)/.test(origin)) return [];
  const [, maker, fn = '', field = ''] = ORIGIN.exec(origin) ?? [];
  // Names of errors are proven for all code at once.
  if (maker === 'error')
    return field === 'Error' || use === 'words' ? [] : [`${origin} is what an error says, in words; only its name may decide`];
  if (maker !== 'result') return [`${origin} is no verdict; nothing but a context is known of it`];
  const kind = kindOf(tree, fn);
  if (!kind) return [`${origin}: how ${fn} answers is not known; review it and say so in tools/determinism/verdicts.ts`];
  switch (kind.kind) {
    case 'stage': {
      const { route } = stageAnswers(tree, kind.file, kind.name);
      return route.has(field)
        ? []
        : [`${origin} is no route of ${idOf(kind)}; a machine may read ${[...route.keys()].join(', ') || 'none'}`];
    }
    case 'end':
      return field === 'outcome' || (field === 'cause' && use === 'words') ? [] : [`${origin} is not what ends a job`];
    case 'hold':
      return [`${origin} is no verdict`];
    case 'handler':
      return handlerProblems(tree, fn, field, kind);
  }
};

/** Everything in machines and sources by which a model's word could decide where a job goes. Empty: none is known. */
export const determinismProblems = (tree: Tree, machines: Machines): string[] => {
  const reads = [...machines].flatMap(([machine, asl]) => controlReads(machine, asl));
  const names = [...machines].flatMap(([machine, asl]) => matchedErrors(asl).map((name) => ({ machine, name })));
  return [
    ...reads.flatMap(({ machine, state, field, path, origins, use }) =>
      origins.flatMap((origin) => originProblems(tree, origin, use)).map((why) => `${machine}/${state} ${field} ${path}: ${why}`),
    ),
    ...names
      .filter(({ name }) => !/^[\w.]+$/.test(name))
      .map(({ machine, name }) => `${machine} matches the error "${name}", which is no name`),
    ...FUNCTIONS.flatMap(({ name }) => {
      const kind = kindOf(tree, name);
      return kind?.kind === 'stage' ? stageProblems(name, stageAnswers(tree, kind.file, kind.name), asksModels(tree, name)) : [];
    }),
    ...harnessProblems(tree),
    ...endingProblems(tree),
    ...errorNameProblems(tree),
  ];
};
