import type { Node } from 'oxc-parser';
import { usedNames } from '../llm-sites/reach.ts';
import { allNodes, isDeployed, keyName, namesIn, nodesOf, type Tree } from '../llm-sites/source.ts';
import { answersOf, memberOf } from './answers.ts';
import { type Fn, functionNamed, literalsOf, type Place, placeIn, sourcesOf } from './expressions.ts';

const END_JOB = 'functions/stage/end-job.ts';
const STOP = 'functions/stop/stop.ts';

/** What the outcome of a job is chosen by: the name of the error, and the verdict of the gates. */
const CHOSEN_BY = /^(StateError\.safeParse\(\)\.(success|data\.Error)|Record\.gates)$/;

/** What an execution ends with: what the rules say, or what the log holds already. */
const ENDS_AS: ReadonlySet<string> = new Set(['EndRules.ending().outcome', 'fold().outcome']);

/** Names that hold something of the doctor's, by what they are made from. */
const doctored = (fn: Fn): Set<string> => {
  const found = new Set(['explainEnding']);
  const declared = allNodes(fn).flatMap((node) =>
    node.type === 'VariableDeclarator' && node.init ? [{ id: node.id, init: node.init }] : [],
  );
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { id, init } of declared)
      if (usedNames(init).some((name) => found.has(name))) for (const name of namesIn(id)) found.add(name);
  }
  return found;
};

/** How many calls there were decides nothing but whether they are listed. */
const isCount = (test: Node, above: readonly Node[], names: ReadonlySet<string>): boolean =>
  [...nodesOf(test, above)].every(({ node, above: around }) => {
    if (node.type !== 'Identifier' || !names.has(node.name)) return true;
    const parent = around.at(-1);
    return parent?.type === 'MemberExpression' && (parent.property === node || keyName(parent.property, parent.computed) === 'length');
  });

const deciding = (node: Node): Node[] => {
  if (node.type === 'ReturnStatement') return node.argument ? [node.argument] : [];
  if (node.type === 'IfStatement' || node.type === 'ConditionalExpression') return [node.test];
  const callee = node.type === 'CallExpression' && node.callee.type === 'MemberExpression' ? node.callee : null;
  const asksRules = callee?.object.type === 'Identifier' && callee.object.name === 'rules' && keyName(callee.property, false) !== 'books';
  return asksRules && node.type === 'CallExpression' ? node.arguments : [];
};

const doctorProblems = ({ fn }: { fn: Fn }): string[] => {
  const names = doctored(fn);
  return [...nodesOf(fn)].flatMap(({ node, above }) =>
    deciding(node)
      .filter((part) => usedNames(part).some((name) => names.has(name)) && !isCount(part, [...above, node], names))
      .map((part) => `${END_JOB} (offset ${part.start}): what the doctor gave decides something`),
  );
};

const outcomeProblems = (place: Place): string[] => {
  const ending = functionNamed(place, 'endingOf');
  if (!ending) return [`${STOP} has no endingOf`];
  const { objects, problems, tests } = answersOf(ending.fn, ending.place);
  const chosen = [...tests];
  const loose = objects.filter((object) => {
    const outcome = memberOf(object, 'outcome');
    return !outcome || !literalsOf(outcome, object.place, chosen);
  });
  return [
    ...problems,
    ...loose.map(({ node }) => `${STOP} (offset ${node.start}): the outcome must be written in the code`),
    ...chosen.filter((test) => !CHOSEN_BY.test(test)).map((test) => `${STOP}: the outcome is chosen by ${test}, which is no verdict`),
  ];
};

/** An outcome is of the code, or of the rules that end a job. */
const isOutcome = (status: Node, place: Place): boolean =>
  literalsOf(status, place, []) !== null || sourcesOf(status, place, []).every((source) => source === 'Ending.outcome');

/** Events that end a job, wherever they are written: the log's outcome is what one of them says. */
const lastEventProblems = (tree: Tree): string[] =>
  [...tree.values()]
    .filter(({ path }) => isDeployed(path))
    .flatMap((module) => {
      const place = placeIn(tree, module.path);
      return allNodes(module.program).flatMap((node) => {
        if (node.type !== 'ObjectExpression') return [];
        const type = memberOf({ node, place }, 'event_type');
        const outputs = memberOf({ node, place }, 'outputs');
        if (!type || !outputs || !literalsOf(type, place, [])?.includes('DONE')) return [];
        const { objects } = answersOf(outputs, place);
        const bad =
          objects.length === 0 ||
          objects.some((object) => {
            const status = memberOf(object, 'status');
            return !status || !isOutcome(status, object.place);
          });
        return bad ? [`${module.path} (offset ${node.start}): the status that ends a job must be written in the code`] : [];
      });
    });

/** Where the doctor, or the words of a failure, could change how a job ends. */
export const endingProblems = (tree: Tree): string[] => {
  const ends = functionNamed(placeIn(tree, END_JOB), 'endJob');
  if (!ends) return [`${END_JOB} has no endJob`];
  const { objects, problems } = answersOf(ends.fn, ends.place);
  const outcomes = objects.flatMap((object) => {
    const outcome = memberOf(object, 'outcome');
    return outcome ? sourcesOf(outcome, object.place, []) : ['nothing'];
  });
  return [
    ...problems,
    ...outcomes.filter((source) => !ENDS_AS.has(source)).map((source) => `${END_JOB} answers the outcome ${source}`),
    ...doctorProblems(ends),
    ...lastEventProblems(tree),
    ...outcomeProblems(placeIn(tree, STOP)),
  ];
};
