import type { ArrowFunctionExpression, Node, Function as PlainFunction } from 'oxc-parser';
import { resolve } from '../llm-sites/reach.ts';
import { childrenOf, keyName, type Module, type Tree } from '../llm-sites/source.ts';

/** A module with the way up from each of its nodes. */
export type Place = { tree: Tree; module: Module; parents: ReadonlyMap<Node, Node> };

const known = new WeakMap<Module, ReadonlyMap<Node, Node>>();

const parentsOf = (module: Module): ReadonlyMap<Node, Node> => {
  const before = known.get(module);
  if (before) return before;
  const parents = new Map<Node, Node>();
  const queue: Node[] = [module.program];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    for (const child of childrenOf(node)) {
      parents.set(child, node);
      queue.push(child);
    }
  }
  known.set(module, parents);
  return parents;
};

export const placeIn = (tree: Tree, file: string): Place => {
  const module = tree.get(file);
  if (!module) throw new Error(`${file} is not among the sources`);
  return { tree, module, parents: parentsOf(module) };
};

export type Fn = ArrowFunctionExpression | PlainFunction;

export const isFn = (node: Node): node is Fn =>
  node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration';

/** Casts and the like change no value. */
export const bare = (node: Node): Node => {
  switch (node.type) {
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'ChainExpression':
      return bare(node.expression);
    case 'AwaitExpression':
      return bare(node.argument);
    default:
      return node;
  }
};

/** The function that a name at the top of a module stands for, and where it is. */
export const functionNamed = (place: Place, name: string): { fn: Fn; place: Place } | null => {
  for (const point of resolve(place.tree, place.module.path, name)) {
    const there = placeIn(place.tree, point.file);
    for (const node of there.module.declarations.get(point.name) ?? []) {
      const fn = node.type === 'VariableDeclarator' && node.init ? bare(node.init) : node;
      if (isFn(fn)) return { fn, place: there };
    }
  }
  return null;
};

/** Members that lead from the value of a pattern to a name it binds; null where it does not. */
const membersTo = (pattern: Node, name: string): string[] | null => {
  switch (pattern.type) {
    case 'Identifier':
      return pattern.name === name ? [] : null;
    case 'AssignmentPattern':
      return membersTo(pattern.left, name);
    case 'ObjectPattern':
      for (const property of pattern.properties) {
        const inner = membersTo(property.type === 'Property' ? property.value : property.argument, name);
        if (inner) return property.type === 'Property' ? [keyName(property.key, property.computed) ?? '?', ...inner] : inner;
      }
      return null;
    case 'ArrayPattern':
      for (const element of pattern.elements) {
        const inner = element && membersTo(element, name);
        if (inner) return ['?', ...inner];
      }
      return null;
    default:
      return null;
  }
};

export type Binding =
  /** `outside` of every function: such a value has a name of its own. */
  | { kind: 'value'; node: Node; members: string[]; constant: boolean; outside: boolean }
  | { kind: 'param'; root: string; members: string[] }
  | { kind: 'caught' }
  | { kind: 'top' };

const WRAPPERS = new Set(['Pick', 'Omit', 'Partial', 'Readonly', 'Required', 'NonNullable', 'Promise']);

const typeName = (type: Node | null | undefined): string | null => {
  if (type?.type === 'TSTypeReference' && type.typeName.type === 'Identifier') {
    const [first] = type.typeArguments?.params ?? [];
    return WRAPPERS.has(type.typeName.name) ? typeName(first) : type.typeName.name;
  }
  if (type?.type === 'TSUnionType') {
    const named = type.types.filter(({ type: kind }) => kind !== 'TSNullKeyword' && kind !== 'TSUndefinedKeyword');
    return named.length === 1 ? typeName(named[0]) : null;
  }
  return null;
};

const annotated = (param: Node): string | null => {
  const pattern = param.type === 'AssignmentPattern' ? param.left : param;
  return pattern.type === 'Identifier' || pattern.type === 'ObjectPattern' ? typeName(pattern.typeAnnotation?.typeAnnotation) : null;
};

/** What the harness gives a stage's `run`, whose parameters have no types of their own. */
const RUN = ['StageInput', 'StageEffects'];

const rootOf = (fn: Fn, param: Node, at: number, name: string, { parents }: Place): string => {
  const holder = parents.get(fn);
  const isRun = holder?.type === 'Property' && keyName(holder.key, holder.computed) === 'run';
  return annotated(param) ?? (isRun ? RUN[at] : undefined) ?? `(${param.type === 'Identifier' ? name : 'argument'})`;
};

const inStatements = (statements: readonly Node[], name: string): Binding | null => {
  for (const statement of statements) {
    if (statement.type !== 'VariableDeclaration') continue;
    for (const { id, init } of statement.declarations) {
      const members = membersTo(id, name);
      if (members && init) return { kind: 'value', node: init, members, constant: statement.kind === 'const', outside: false };
      if (members) return { kind: 'param', root: `(${name})`, members };
    }
  }
  return null;
};

const bindingAt = (scope: Node, name: string, place: Place): Binding | null => {
  if (scope.type === 'BlockStatement') return inStatements(scope.body, name);
  if (scope.type === 'CatchClause') return scope.param && membersTo(scope.param, name) ? { kind: 'caught' } : null;
  if (scope.type === 'ForOfStatement' || scope.type === 'ForInStatement' || scope.type === 'ForStatement') {
    const left = scope.type === 'ForStatement' ? scope.init : scope.left;
    const bound = left?.type === 'VariableDeclaration' && left.declarations.some(({ id }) => membersTo(id, name));
    return bound ? { kind: 'param', root: `(${name})`, members: [] } : null;
  }
  if (!isFn(scope)) return null;
  for (const [at, param] of scope.params.entries()) {
    const members = membersTo(param, name);
    if (members) return { kind: 'param', root: rootOf(scope, param, at, name, place), members };
  }
  return null;
};

/** What a name means at a node. */
export const bindingOf = (name: string, at: Node, place: Place): Binding => {
  for (let scope = place.parents.get(at); scope !== undefined; scope = place.parents.get(scope)) {
    const found = bindingAt(scope, name, place);
    if (found) return found;
  }
  const declared = place.module.declarations.get(name)?.[0];
  if (declared?.type === 'VariableDeclarator' && declared.init && declared.id.type === 'Identifier' && !isFn(bare(declared.init)))
    return { kind: 'value', node: declared.init, members: [], constant: true, outside: true };
  return { kind: 'top' };
};

const memberName = (node: Extract<Node, { type: 'MemberExpression' }>): string => keyName(node.property, node.computed) ?? '?';

/**
 * What an expression is made of, as names with members: `Consulted.report.passed`, `Blueprint.safeParse().success`. Parameters are
 * called by their type. `?` stands for what cannot be followed. Conditions on the way are added to `tests`.
 */
export const sourcesOf = (expression: Node, place: Place, tests: string[]): string[] => {
  const node = bare(expression);
  const of = (inner: Node): string[] => sourcesOf(inner, place, tests);
  switch (node.type) {
    case 'Literal':
      return [];
    case 'Identifier': {
      if (node.name === 'undefined') return [];
      const bound = bindingOf(node.name, node, place);
      if (bound.kind === 'value' && bound.outside) return [node.name];
      if (bound.kind === 'value' && bound.constant) return of(bound.node).map((source) => [source, ...bound.members].join('.'));
      if (bound.kind === 'param') return [[bound.root, ...bound.members].join('.')];
      return [bound.kind === 'top' ? node.name : `?${node.name}`];
    }
    case 'MemberExpression':
      return of(node.object).map((source) => `${source}.${memberName(node)}`);
    case 'CallExpression':
      return of(node.callee).map((source) => `${source}()`);
    case 'UnaryExpression':
      return of(node.argument);
    case 'BinaryExpression':
      return [...of(node.left), ...of(node.right)];
    case 'LogicalExpression':
      return [...of(node.left), ...of(node.right)];
    case 'ConditionalExpression':
      tests.push(...of(node.test));
      return [...of(node.consequent), ...of(node.alternate)];
    default:
      return [`?${node.type}`];
  }
};

/** Values of an object that is written out, where all of them are literals. */
const tableValues = (node: Node, place: Place, tests: string[]): string[] | null => {
  const table = bare(node);
  if (table.type !== 'ObjectExpression') return null;
  const values = table.properties.map((property) => (property.type === 'Property' ? literalsOf(property.value, place, tests) : null));
  return values.every((value) => value !== null) ? values.flat() : null;
};

/**
 * Every value an expression can have, where all of them are written out in the code; null where one is not. Conditions that choose
 * between them are added to `tests`.
 */
export const literalsOf = (expression: Node, place: Place, tests: string[]): string[] | null => {
  const node = bare(expression);
  const both = (a: Node, b: Node): string[] | null => {
    const [left, right] = [literalsOf(a, place, tests), literalsOf(b, place, tests)];
    return left && right ? [...left, ...right] : null;
  };
  switch (node.type) {
    case 'Literal':
      return [String(node.value)];
    case 'TemplateLiteral':
      return node.expressions.length === 0 ? [node.quasis.map(({ value }) => value.raw).join('')] : null;
    case 'ConditionalExpression':
      tests.push(...sourcesOf(node.test, place, tests));
      return both(node.consequent, node.alternate);
    case 'LogicalExpression':
      return both(node.left, node.right);
    case 'Identifier': {
      const bound = bindingOf(node.name, node, place);
      return bound.kind === 'value' && bound.constant && bound.members.length === 0 ? literalsOf(bound.node, place, tests) : null;
    }
    case 'MemberExpression': {
      if (node.object.type !== 'Identifier') return null;
      const bound = bindingOf(node.object.name, node, place);
      const table = bound.kind === 'value' && bound.constant && bound.members.length === 0 ? tableValues(bound.node, place, tests) : null;
      if (table && node.computed) tests.push(...sourcesOf(node.property, place, tests));
      return table;
    }
    default:
      return null;
  }
};
