import type { Node } from 'oxc-parser';
import { allNodes, childrenOf, keyName, type Module, type Tree } from './source.ts';

/** A name at the top of a module. Written `file#name`. */
export type Point = { file: string; name: string };

export const idOf = ({ file, name }: Point): string => `${file}#${name}`;

const isKeyOf = (child: Node, node: Node): boolean => {
  if (node.type === 'MemberExpression') return child === node.property && !node.computed;
  const keyed = node.type === 'Property' || node.type === 'PropertyDefinition' || node.type === 'MethodDefinition';
  return keyed && child === node.key && !node.computed;
};

const known = new WeakMap<Node, readonly string[]>();

/** Names that are used as values below a node: no keys, no members, no types. */
export const usedNames = (node: Node): readonly string[] => {
  const before = known.get(node);
  if (before) return before;
  const below = childrenOf(node).filter((child) => !isKeyOf(child, node));
  const names = [...new Set([...(node.type === 'Identifier' ? [node.name] : []), ...below.flatMap(usedNames)])];
  known.set(node, names);
  return names;
};

/** Modules that are loaded while the code runs, by a path that is written out. */
export const loadedModules = (node: Node): string[] =>
  allNodes(node).flatMap((one) => (one.type === 'ImportExpression' ? [keyName(one.source, true) ?? '?'] : []));

const everythingIn = ({ path, declarations }: Module): Point[] => [...declarations.keys()].map((name) => ({ file: path, name }));

/** What a module means by an exported name. */
const exported = (tree: Tree, file: string, name: string, seen: ReadonlySet<string> = new Set()): Point[] => {
  const module = tree.get(file);
  const id = idOf({ file, name });
  if (!module || seen.has(id)) return [];
  if (module.declarations.has(name)) return [{ file, name }];
  const next = new Set([...seen, id]);
  const own = module.reexports.get(name);
  if (own) return own.file !== null && own.name !== null ? exported(tree, own.file, own.name, next) : [];
  const imported = module.imports.get(name);
  if (imported?.file && imported.name !== null) return exported(tree, imported.file, imported.name, next);
  return [...module.reexports].flatMap(([key, { file: from }]) =>
    key.startsWith('*') && from !== null ? exported(tree, from, name, next) : [],
  );
};

/** What a name that is used in a module stands for, as far as it is declared at the top of a module. */
export const resolve = (tree: Tree, file: string, name: string): Point[] => {
  const module = tree.get(file);
  if (!module) return [];
  if (module.declarations.has(name)) return [{ file, name }];
  const imported = module.imports.get(name);
  if (!imported?.file) return [];
  const target = tree.get(imported.file);
  if (imported.name === null) return target ? everythingIn(target) : [];
  return exported(tree, imported.file, imported.name);
};

const nextOf = (tree: Tree, { file, name }: Point): Point[] => {
  const module = tree.get(file);
  const nodes = module?.declarations.get(name) ?? [];
  const loaded = nodes
    .flatMap((node) => loadedModules(node))
    .flatMap((from) => {
      const target = [...tree.values()].find(({ path }) => from.startsWith('.') && path.endsWith(from.replace(/^(\.\.?\/)+/, '/')));
      return target ? everythingIn(target) : [];
    });
  const aside = module?.declarations.has('') && name !== '' ? [{ file, name: '' }] : [];
  return [...nodes.flatMap((node) => usedNames(node)).flatMap((used) => resolve(tree, file, used)), ...loaded, ...aside];
};

/**
 * Everything that code starting at `from` can run, by id, with the way there. A local variable that is called like something at
 * the top counts as that: what is reached is never too little.
 */
export const reachFrom = (tree: Tree, from: Point): ReadonlyMap<string, readonly string[]> => {
  const reached = new Map<string, readonly string[]>([[idOf(from), [idOf(from)]]]);
  const queue = [from];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    const way = reached.get(idOf(at)) ?? [];
    for (const next of nextOf(tree, at)) {
      const id = idOf(next);
      if (reached.has(id)) continue;
      reached.set(id, [...way, id]);
      queue.push(next);
    }
  }
  return reached;
};
