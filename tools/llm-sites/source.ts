import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { type Node, type Program, parseSync } from 'oxc-parser';

/** Texts of modules by path from the root of the repository. */
export type Sources = ReadonlyMap<string, string>;

/** Where an imported name comes from: `name` is null for a whole module. `file` is null outside of the sources. */
export type Imported = { file: string | null; from: string; name: string | null };

export type Module = {
  path: string;
  program: Program;
  /** By local name; types are left out. */
  imports: ReadonlyMap<string, Imported>;
  /** What stands at the top of the module, by name. Statements without a name are under "". */
  declarations: ReadonlyMap<string, readonly Node[]>;
  /** Exported names that have another name inside or come from another module. */
  reexports: ReadonlyMap<string, Imported>;
};

const DEPLOYED = ['contracts', 'functions', 'adapters'];
const ALL = [...DEPLOYED, 'infra', 'cli'];

const isTest = (path: string): boolean => /\.(test|fixture)\.ts$|(^|\/)testing(-\w+)?(\.ts|\/)/.test(path);

/** Every module that may run, without tests. */
export const readSources = (root: string, folders: readonly string[] = ALL): Sources =>
  new Map(
    folders
      .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root }))
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => !isTest(path))
      .toSorted()
      .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
  );

/** Whether a module is part of what is deployed. */
export const isDeployed = (path: string): boolean => DEPLOYED.some((folder) => path.startsWith(`${folder}/`));

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

/** Nodes of types that hold an expression. */
const CASTS: ReadonlySet<string> = new Set([
  ...['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression', 'TSTypeAssertion', 'TSInstantiationExpression'],
]);

const hasValue = (value: unknown): value is Node => isNode(value) && (!value.type.startsWith('TS') || CASTS.has(value.type));

const known = new WeakMap<Node, readonly Node[]>();

/** Nodes right below a node. Types have no value and are left out. */
export const childrenOf = (node: Node): readonly Node[] => {
  const before = known.get(node);
  if (before) return before;
  const children = Object.values(node)
    .flatMap((value: unknown) => (Array.isArray(value) ? value : [value]))
    .filter(hasValue);
  known.set(node, children);
  return children;
};

/** A node and all below it, each with the nodes it lies in, the nearest last. */
export function* nodesOf(node: Node, above: readonly Node[] = []): Generator<{ node: Node; above: readonly Node[] }> {
  yield { node, above };
  for (const child of childrenOf(node)) yield* nodesOf(child, [...above, node]);
}

const flat = new WeakMap<Node, readonly Node[]>();

/** A node and all below it. */
export const allNodes = (node: Node): readonly Node[] => {
  const before = flat.get(node);
  if (before) return before;
  const nodes = [node];
  for (const one of nodes) nodes.push(...childrenOf(one));
  flat.set(node, nodes);
  return nodes;
};

/** The name of a property that is written out; null where it is computed. */
export const keyName = (key: Node, computed: boolean): string | null => {
  if (key.type === 'Literal' && typeof key.value === 'string') return key.value;
  return key.type === 'Identifier' && !computed ? key.name : null;
};

/** Names that a pattern binds. */
export const namesIn = (pattern: Node): string[] => {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) => namesIn(property.type === 'Property' ? property.value : property.argument));
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => (element ? namesIn(element) : []));
    case 'AssignmentPattern':
      return namesIn(pattern.left);
    default:
      return [];
  }
};

const declaredIn = (statement: Node): { name: string; node: Node }[] => {
  switch (statement.type) {
    case 'ExportNamedDeclaration':
    case 'ExportDefaultDeclaration':
      return statement.declaration ? declaredIn(statement.declaration) : [];
    case 'VariableDeclaration':
      return statement.declarations.flatMap((node) => namesIn(node.id).map((name) => ({ name, node })));
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
      return [{ name: statement.id?.name ?? 'default', node: statement }];
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
      return [];
    default:
      return statement.type.startsWith('TS') ? [] : [{ name: '', node: statement }];
  }
};

const nameOf = (node: Node): string => (node.type === 'Literal' ? String(node.value) : node.type === 'Identifier' ? node.name : '');

const parseModule = (path: string, text: string, known: (file: string) => boolean): Module => {
  const { program, errors } = parseSync(path, text, { preserveParens: false });
  const [error] = errors;
  if (error) throw new Error(`${path} cannot be parsed: ${error.message}`);
  const imports = new Map<string, Imported>();
  const reexports = new Map<string, Imported>();
  const declarations = new Map<string, Node[]>();
  const origin = (from: string): Pick<Imported, 'file' | 'from'> => {
    const file = normalize(join(dirname(path), from));
    return { file: from.startsWith('.') && known(file) ? file : null, from };
  };
  for (const statement of program.body) {
    if (statement.type === 'ImportDeclaration' && statement.importKind !== 'type') {
      for (const one of statement.specifiers) {
        if (one.type === 'ImportSpecifier' && one.importKind === 'type') continue;
        const name = one.type === 'ImportSpecifier' ? nameOf(one.imported) : one.type === 'ImportDefaultSpecifier' ? 'default' : null;
        imports.set(one.local.name, { ...origin(statement.source.value), name });
      }
    }
    if (statement.type === 'ExportNamedDeclaration' && statement.exportKind !== 'type') {
      for (const one of statement.specifiers) {
        const from = statement.source ? origin(statement.source.value) : { file: path, from: path };
        reexports.set(nameOf(one.exported), { ...from, name: nameOf(one.local) });
      }
    }
    if (statement.type === 'ExportAllDeclaration' && statement.exportKind !== 'type') {
      reexports.set(`*${statement.source.value}`, { ...origin(statement.source.value), name: null });
    }
    for (const { name, node } of declaredIn(statement)) declarations.set(name, [...(declarations.get(name) ?? []), node]);
  }
  return { path, program, imports, declarations, reexports };
};

export type Tree = ReadonlyMap<string, Module>;

/** @throws Error naming the file that cannot be parsed */
export const parseSources = (sources: Sources): Tree =>
  new Map([...sources].map(([path, text]) => [path, parseModule(path, text, (file) => sources.has(file))]));

/** The same modules with one of them put differently, or added. */
export const withModule = (tree: Tree, path: string, text: string): Tree =>
  new Map([...tree, [path, parseModule(path, text, (file) => tree.has(file) || file === path)]]);
