import type { Node } from 'oxc-parser';
import { loadedModules } from './reach.ts';
import { isDeployed, keyName, type Module, nodesOf, type Tree } from './source.ts';

/** A place of the code that asks a model or hands on the means to. */
export type Place = {
  file: string;
  /** What it stands in, at the top of the module. */
  symbol: string;
  how: 'calls' | 'hands on' | 'takes' | 'names';
};

/** Members that lead to a model. */
const ASKING: ReadonlySet<string> = new Set(['ask', 'doGenerate', 'doStream']);

/** Packages that can call a model, and where alone they may be used. */
const PROVIDERS = /^(@ai-sdk\/|ai$|openai$|@anthropic-ai\/|@aws-sdk\/client-bedrock)/;
const PROVIDER_FOLDER = 'adapters/model/';

const calledBy = (node: Node, above: readonly Node[]): boolean => {
  const parent = above.at(-1);
  return parent?.type === 'CallExpression' && parent.callee === node;
};

const isKey = (node: Node, above: readonly Node[]): boolean => {
  const parent = above.at(-1);
  return (parent?.type === 'Property' && parent.key === node) || (parent?.type === 'MemberExpression' && parent.property === node);
};

const howAt = ({ declarations, imports }: Module, node: Node, above: readonly Node[]): Place['how'] | null => {
  switch (node.type) {
    case 'MemberExpression':
      if (!ASKING.has(keyName(node.property, node.computed) ?? '')) return null;
      return calledBy(node, above) ? 'calls' : 'hands on';
    case 'ObjectPattern':
      return node.properties.some((p) => p.type === 'Property' && ASKING.has(keyName(p.key, p.computed) ?? '')) ? 'takes' : null;
    case 'Identifier':
      // A function of the module that is called so is no model: what it does inside is looked at where it stands.
      if (!ASKING.has(node.name) || declarations.has(node.name) || imports.has(node.name)) return null;
      return calledBy(node, above) ? 'calls' : null;
    case 'Literal':
      return typeof node.value === 'string' && ASKING.has(node.value) && !isKey(node, above) ? 'names' : null;
    default:
      return null;
  }
};

/** Every place in what is deployed, once per symbol and manner. */
export const findPlaces = (tree: Tree): Place[] => {
  const deployed = [...tree.values()].filter(({ path }) => isDeployed(path));
  const found = deployed.flatMap((module) =>
    [...module.declarations].flatMap(([symbol, nodes]) =>
      nodes
        .flatMap((node) => [...nodesOf(node)])
        .flatMap(({ node, above }) => {
          const how = howAt(module, node, above);
          return how === null ? [] : [{ file: module.path, symbol, how }];
        }),
    ),
  );
  return [...new Map(found.map((place) => [JSON.stringify(place), place])).values()];
};

/** Uses of a provider's package outside of the adapters: a way to a model that no map shows. */
export const findSideRoads = (tree: Tree): string[] =>
  [...tree.values()].flatMap((module) => {
    if (module.path.startsWith(PROVIDER_FOLDER)) return [];
    const loaded = [...module.declarations.values()].flat().flatMap((node) => loadedModules(node));
    const used = [...module.imports.values(), ...module.reexports.values()].map(({ from }) => from);
    return [...used, ...loaded].filter((from) => PROVIDERS.test(from)).map((from) => `${module.path} uses ${from}`);
  });

export type Profile = {
  file: string;
  symbol: string;
  agent: string;
  model_alias: string;
  prompt_version: string;
  output_schema_version: string;
  max_output_tokens: number;
};

/** Literal members of an object, inner objects flattened. */
const membersOf = (node: Node): [string, string | number][] => {
  if (node.type !== 'ObjectExpression') return [];
  return node.properties.flatMap((property): [string, string | number][] => {
    if (property.type !== 'Property') return [];
    const { value } = property;
    if (value.type === 'Literal' && (typeof value.value === 'string' || typeof value.value === 'number'))
      return [[keyName(property.key, property.computed) ?? '', value.value]];
    return membersOf(value);
  });
};

/** Constants of type `AgentProfile`: every agent there is. */
export const findProfiles = (tree: Tree): Profile[] =>
  [...tree.values()].flatMap((module) =>
    [...module.declarations].flatMap(([symbol, nodes]) =>
      nodes.flatMap((node) => {
        if (node.type !== 'VariableDeclarator' || !node.init || node.id.type !== 'Identifier') return [];
        const type = node.id.typeAnnotation?.typeAnnotation;
        if (type?.type !== 'TSTypeReference' || type.typeName.type !== 'Identifier' || type.typeName.name !== 'AgentProfile') return [];
        const members = Object.fromEntries(membersOf(node.init));
        const text = (key: string): string => {
          const value = members[key];
          if (typeof value === 'string') return value;
          throw new Error(`${module.path}: profile ${symbol} must have "${key}" as plain text`);
        };
        return [
          {
            ...{ file: module.path, symbol, agent: text('agent'), model_alias: text('model_alias') },
            ...{ prompt_version: text('prompt_version'), output_schema_version: text('output_schema_version') },
            max_output_tokens: Number(members['max_output_tokens']),
          },
        ];
      }),
    ),
  );
