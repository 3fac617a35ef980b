import type { Node } from 'oxc-parser';
import { allNodes, isDeployed, keyName, type Module, type Tree } from '../llm-sites/source.ts';
import { answersOf, ownNodes } from './answers.ts';
import { bare, bindingOf, functionNamed, isFn, literalsOf, type Place, placeIn } from './expressions.ts';

// A machine matches errors by name. A name comes from a class or from an assignment; both must be written in the code.

/** Answers HTTP: no machine sees what it throws. */
const PAGES = 'functions/web/';

const where = (node: Node, { path }: Module): string => `${path} (offset ${node.start})`;

const isNameMember = (node: Node): boolean => node.type === 'MemberExpression' && keyName(node.property, node.computed) === 'name';

/** Classes that name themselves by anything but text, and names that are set later. */
const nameProblems = (node: Node, place: Place): string[] => {
  const { module } = place;
  if (node.type === 'PropertyDefinition' && keyName(node.key, node.computed) === 'name') {
    const literal = node.value && literalsOf(node.value, place, []);
    return literal ? [] : [`${where(node, module)}: the name of a class must be written in the code`];
  }
  if (node.type === 'AssignmentExpression' && isNameMember(node.left) && !literalsOf(node.right, place, []))
    return [`${where(node, module)}: a name is set to what is not written in the code`];
  return [];
};

const CAUGHT = new Set(['Error', 'unknown']);

/** Whether a value that is thrown was thrown before: its name is not made here. */
const isRethrown = (node: Extract<Node, { type: 'Identifier' }>, place: Place): boolean => {
  const bound = bindingOf(node.name, node, place);
  if (bound.kind === 'caught') return true;
  if (bound.kind === 'param') return bound.members.length === 0 && (CAUGHT.has(bound.root) || bound.root === `(${node.name})`);
  return bound.kind === 'value' && bound.members.length === 0 && isThrowable(bound.node, place);
};

/** Functions that read any throwable as an error and name nothing. */
const CARRIERS = new Set(['asError', 'named', 'withoutSecrets']);

const returned = (fn: Node): Node[] => {
  if (!isFn(fn) || !fn.body) return [];
  if (fn.body.type !== 'BlockStatement') return [fn.body];
  return [...ownNodes(fn.body)].flatMap((node) => (node.type === 'ReturnStatement' && node.argument ? [node.argument] : []));
};

const isMaker = (fn: Node, place: Place): boolean => {
  const made = returned(fn);
  return made.length > 0 && made.every((value) => isThrowable(value, place));
};

/** Whether an expression is an error whose name its class gives. */
const isThrowable = (expression: Node, place: Place): boolean => {
  const node = bare(expression);
  switch (node.type) {
    case 'NewExpression':
      return node.callee.type === 'Identifier' && bindingOf(node.callee.name, node, place).kind === 'top';
    case 'ConditionalExpression':
      return isThrowable(node.consequent, place) && isThrowable(node.alternate, place);
    case 'LogicalExpression':
      return isThrowable(node.left, place) && isThrowable(node.right, place);
    case 'Identifier':
      return isRethrown(node, place);
    case 'CallExpression': {
      if (node.callee.type !== 'Identifier') return false;
      if (CARRIERS.has(node.callee.name)) return true;
      const named = functionNamed(place, node.callee.name);
      if (named) return isMaker(named.fn, named.place);
      const bound = bindingOf(node.callee.name, node, place);
      return bound.kind === 'value' && isMaker(bare(bound.node), place);
    }
    default:
      return false;
  }
};

const thrownProblems = (node: Node, place: Place): string[] =>
  node.type === 'ThrowStatement' && !isThrowable(node.argument, place)
    ? [`${where(node, place.module)}: what is thrown must be an error of a class that is named in the code`]
    : [];

/** What a wait is answered with: only a context on success, and a name that is written out on failure. */
const answeredProblems = (node: Node, place: Place): string[] => {
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return [];
  const { object } = node.callee;
  const holder =
    object.type === 'Identifier' ? object.name : object.type === 'MemberExpression' ? keyName(object.property, object.computed) : null;
  if (holder !== 'waits') return [];
  const [, second] = node.arguments;
  const verb = keyName(node.callee.property, node.callee.computed);
  if (verb === 'fail' && !(second && literalsOf(second, place, [])))
    return [`${where(node, place.module)}: the error that answers a wait must be written in the code`];
  if (verb !== 'succeed') return [];
  const { objects, problems } = second ? answersOf(second, place) : { objects: [], problems: ['?'] };
  const only = objects.every(({ node: { properties } }) =>
    properties.every((p) => p.type === 'Property' && keyName(p.key, p.computed) === 'context'),
  );
  return only && problems.length === 0 ? [] : [`${where(node, place.module)}: a wait is answered with a context and nothing else`];
};

/** Where deployed code could give an error a name that is not written in it. */
export const errorNameProblems = (tree: Tree): string[] =>
  [...tree.values()]
    .filter(({ path }) => isDeployed(path))
    .flatMap((module) => {
      const place = placeIn(tree, module.path);
      return allNodes(module.program).flatMap((node) => [
        ...nameProblems(node, place),
        ...(module.path.startsWith(PAGES) ? [] : thrownProblems(node, place)),
        ...answeredProblems(node, place),
      ]);
    });
