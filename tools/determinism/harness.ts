import { keyName, type Tree } from '../llm-sites/source.ts';
import { answersOf } from './answers.ts';
import { functionNamed, placeIn, sourcesOf } from './expressions.ts';

const RUN_STAGE = 'functions/stage/run-stage.ts';
const CONSULT = 'functions/lib/agent/consult.ts';

/** Members the harness answers with, besides the route of the stage. Items are numbers that it counts itself. */
const OWN = new Set(['context', 'outcome', 'items']);

const stageHarness = (tree: Tree): string[] => {
  const place = placeIn(tree, RUN_STAGE);
  const run = functionNamed(place, 'runStage');
  if (!run) return [`${RUN_STAGE} has no runStage`];
  const { objects, problems } = answersOf(run.fn, run.place);
  const strange = objects.flatMap((object) =>
    object.node.properties.flatMap((property) => {
      if (property.type === 'Property')
        return OWN.has(keyName(property.key, property.computed) ?? '') ? [] : ['a member that is no context'];
      return sourcesOf(property.argument, object.place, []).filter((source) => !source.endsWith('.route'));
    }),
  );
  return [...problems, ...strange.map((what) => `${RUN_STAGE} answers with ${what} beside context and route`)];
};

/** The report that agents read a verdict from is the guard's, about the very text. */
const guardHarness = (tree: Tree): string[] => {
  const place = placeIn(tree, CONSULT);
  const made = functionNamed(place, 'consult');
  const { objects, problems } = made ? answersOf(made.fn, made.place) : { objects: [], problems: [`${CONSULT} has no consult`] };
  const reports = objects.flatMap(({ node, place: there }) =>
    node.properties.flatMap((p) => (p.type === 'Property' && keyName(p.key, p.computed) === 'report' ? sourcesOf(p.value, there, []) : [])),
  );
  return [
    ...problems,
    ...(reports.length === 1 && reports[0] === 'judgeText()'
      ? []
      : [`${CONSULT}: the report must be judgeText's, not ${reports.join(', ') || 'none'}`]),
    ...(returnsGuard(tree) ? [] : [`${CONSULT}: judgeText must return what the guard says`]),
  ];
};

const returnsGuard = (tree: Tree): boolean => {
  const judges = functionNamed(placeIn(tree, CONSULT), 'judgeText');
  if (judges?.fn.body?.type !== 'BlockStatement') return false;
  const returned = judges.fn.body.body.flatMap((statement) =>
    statement.type === 'ReturnStatement' && statement.argument ? [statement.argument] : [],
  );
  return returned.length === 1 && returned.every((value) => sourcesOf(value, judges.place, []).join() === 'guard()');
};

/** Where the code around every stage could add to what a stage answers, or replace the guard's verdict. */
export const harnessProblems = (tree: Tree): string[] => [...stageHarness(tree), ...guardHarness(tree)];
