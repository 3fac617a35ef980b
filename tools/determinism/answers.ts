import type { Node } from 'oxc-parser';
import { childrenOf, keyName, type Tree } from '../llm-sites/source.ts';
import { bare, bindingOf, type Fn, functionNamed, isFn, literalsOf, type Place, placeIn, sourcesOf } from './expressions.ts';

/** What a function can answer, as far as its code says. */
export type Answers = {
  /** Objects it returns, where they are written. */
  objects: { node: Extract<Node, { type: 'ObjectExpression' }>; place: Place }[];
  /** What conditions on the way to an answer read. */
  tests: string[];
  /** What could not be followed. */
  problems: string[];
};

const at = (node: Node, { module }: Place): string => `${module.path} (offset ${node.start})`;

/** Nodes of a function's own body: what inner functions do is theirs. */
export function* ownNodes(node: Node): Generator<Node> {
  yield node;
  for (const child of childrenOf(node)) if (!isFn(child)) yield* ownNodes(child);
}

const LOOPS = /^(For|While|DoWhile)/;

const leaves = (node: Node): boolean => [...ownNodes(node)].some(({ type }) => type === 'ReturnStatement' || type === 'ThrowStatement');

type Following = Answers & { seen: Set<Node> };

const followFunction = (fn: Fn, place: Place, found: Following): void => {
  if (found.seen.has(fn) || !fn.body) return;
  found.seen.add(fn);
  if (fn.type === 'ArrowFunctionExpression' && fn.body.type !== 'BlockStatement') return follow(fn.body, place, found);
  for (const node of ownNodes(fn.body)) {
    if (node.type === 'ReturnStatement' && node.argument) follow(node.argument, place, found);
    if (node.type === 'IfStatement') found.tests.push(...sourcesOf(node.test, place, found.tests));
    if (node.type === 'SwitchStatement') found.tests.push(...sourcesOf(node.discriminant, place, found.tests));
    if (node.type === 'CatchClause' && leaves(node))
      found.problems.push(`${at(node, place)}: a failure chooses the answer; say it with a condition`);
    if (LOOPS.test(node.type) && leaves(node))
      found.problems.push(`${at(node, place)}: a loop chooses the answer; say it with a condition`);
  }
};

const follow = (expression: Node, place: Place, found: Following): void => {
  const node = bare(expression);
  switch (node.type) {
    case 'ObjectExpression':
      found.objects.push({ node, place });
      return;
    case 'ConditionalExpression':
      found.tests.push(...sourcesOf(node.test, place, found.tests));
      follow(node.consequent, place, found);
      follow(node.alternate, place, found);
      return;
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
      followFunction(node, place, found);
      return;
    case 'Identifier': {
      const bound = bindingOf(node.name, node, place);
      if (bound.kind === 'value' && bound.constant && bound.members.length === 0) return follow(bound.node, place, found);
      break;
    }
    case 'CallExpression': {
      const callee = node.callee.type === 'Identifier' ? functionNamed(place, node.callee.name) : null;
      if (callee) return followFunction(callee.fn, callee.place, found);
      break;
    }
    default:
  }
  found.problems.push(`${at(node, place)}: what this answers cannot be followed; return an object that is written out`);
};

/** Follows an expression to every object it can come to. */
export const answersOf = (expression: Node, place: Place): Answers => {
  const found: Following = { objects: [], tests: [], problems: [], seen: new Set() };
  if (isFn(expression)) followFunction(expression, place, found);
  else follow(expression, place, found);
  const { objects, tests, problems } = found;
  return { objects, tests, problems };
};

type Obj = Answers['objects'][number];

/** A member of an object that is written out; null where it has none. */
export const memberOf = ({ node }: Obj, name: string): Node | null => {
  for (const property of node.properties) {
    if (property.type === 'Property' && keyName(property.key, property.computed) === name) return property.value;
  }
  return null;
};

/** Whether an object may hold members that its text does not show. */
const isOpen = ({ node }: Obj): boolean => node.properties.some((p) => p.type !== 'Property' || keyName(p.key, p.computed) === null);

export type Fields = ReadonlyMap<string, ReadonlySet<string>>;

export type StageAnswers = {
  route: Fields;
  facts: Fields;
  /** Types of events. */
  events: ReadonlySet<string>;
  /** What chooses between them. */
  tests: ReadonlySet<string>;
  problems: string[];
};

type Collected = {
  route: Map<string, Set<string>>;
  facts: Map<string, Set<string>>;
  events: Set<string>;
  tests: string[];
  problems: string[];
};

const collectFields = (holder: Obj, field: 'route' | 'facts', into: Collected): void => {
  const value = memberOf(holder, field);
  if (!value) return;
  const inner = { node: bare(value), place: holder.place };
  const where = at(value, holder.place);
  if (inner.node.type !== 'ObjectExpression' || isOpen({ node: inner.node, place: holder.place })) {
    into.problems.push(`${where}: "${field}" must be an object that is written out, without spreads`);
    return;
  }
  for (const property of inner.node.properties) {
    if (property.type !== 'Property') continue;
    const name = keyName(property.key, property.computed) ?? '?';
    const values = literalsOf(property.value, holder.place, into.tests);
    if (values) into[field].set(name, new Set([...(into[field].get(name) ?? []), ...values]));
    else {
      const made = sourcesOf(property.value, holder.place, []).join(', ');
      into.problems.push(
        `${where}: ${field}.${name} is made of ${made || 'something else than text'}; it must be text that is written in the code`,
      );
    }
  }
};

const collectEvent = (holder: Obj, into: Collected): void => {
  const value = memberOf(holder, 'event');
  if (!value || (value.type === 'Literal' && value.value === null)) return;
  const { objects, problems, tests } = answersOf(value, holder.place);
  into.problems.push(...problems);
  into.tests.push(...tests);
  for (const event of objects) {
    const type = memberOf(event, 'event_type');
    const values = type && literalsOf(type, event.place, into.tests);
    if (!values || isOpen(event)) into.problems.push(`${at(event.node, event.place)}: an event's type must be written in the code`);
    else for (const one of values) into.events.add(one);
    if (!values?.includes('DONE')) continue;
    const [outputs] = [memberOf(event, 'outputs')].flatMap((found) => (found ? answersOf(found, event.place).objects : []));
    const status = outputs && memberOf(outputs, 'status');
    if (!status || !literalsOf(status, event.place, into.tests))
      into.problems.push(`${at(event.node, event.place)}: the status that ends a job must be written in the code`);
  }
};

const runOf = (tree: Tree, file: string, name: string): { run: Node; place: Place } | null => {
  const place = placeIn(tree, file);
  for (const node of place.module.declarations.get(name) ?? []) {
    const call = node.type === 'VariableDeclarator' && node.init ? bare(node.init) : null;
    const [definition] = call?.type === 'CallExpression' ? call.arguments : [];
    if (definition?.type !== 'ObjectExpression') continue;
    const run = memberOf({ node: definition, place }, 'run');
    if (run) return { run, place };
  }
  return null;
};

/** What a stage can answer: the values of its routes and facts, its events, and what chooses between them. */
export const stageAnswers = (tree: Tree, file: string, name: string): StageAnswers => {
  const into: Collected = { route: new Map(), facts: new Map(), events: new Set(), tests: [], problems: [] };
  const stage = runOf(tree, file, name);
  if (!stage) return { ...into, tests: new Set(), problems: [`${file}: ${name} is not defined as a stage with "run"`] };
  const { objects, tests, problems } = answersOf(stage.run, stage.place);
  into.tests.push(...tests);
  into.problems.push(...problems);
  for (const object of objects) {
    if (isOpen(object)) into.problems.push(`${at(object.node, object.place)}: a stage's answer must be written out, without spreads`);
    collectFields(object, 'route', into);
    collectFields(object, 'facts', into);
    collectEvent(object, into);
  }
  return { ...into, tests: new Set(into.tests) };
};
