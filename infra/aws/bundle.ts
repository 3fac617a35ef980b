import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { type BuildOptions, buildSync, type Metafile, type OutputFile } from 'esbuild';
import type { Environment } from '../environments.ts';
import type { FunctionName, FunctionSpec } from '../functions.ts';

export const ROOT = path.resolve(import.meta.dirname, '../..');

/** Gives the code of a function: bundled for a deployment, a stub where only the template matters. */
export type CodeOf = (spec: FunctionSpec, environment: Pick<Environment, 'llm' | 'oidc'>) => Code;

/** Functions that may call a model. Where they cannot, the provider packages stay out. */
const MODEL_CALLERS: readonly FunctionName[] = ['intent', 'report', 'stop'];

export const callsProviders = ({ name }: Pick<FunctionSpec, 'name'>, { llm }: Pick<Environment, 'llm'>): boolean =>
  MODEL_CALLERS.includes(name) && llm.mode !== 'replay';

type ProviderKind = Exclude<Environment['llm']['providers'][number]['kind'], 'mock'>;

/** What an environment adds to the code of a function. */
export type BundleOptions = { providers: readonly ProviderKind[]; signIn: boolean };

const PACKAGES: Readonly<Record<ProviderKind, string>> = {
  anthropic: '@ai-sdk/anthropic',
  'openai-compatible': '@ai-sdk/openai-compatible',
  bedrock: '@ai-sdk/amazon-bedrock',
};

const isReal = (kind: ProviderKind | 'mock'): kind is ProviderKind => kind !== 'mock';

export const bundleOptions = (spec: Pick<FunctionSpec, 'name'>, environment: Pick<Environment, 'llm' | 'oidc'>): BundleOptions => ({
  providers: callsProviders(spec, environment) ? [...new Set(environment.llm.providers.map(({ kind }) => kind).filter(isReal))].sort() : [],
  signIn: spec.name === 'web' && environment.oidc !== undefined,
});

export type Bundle = {
  files: Readonly<Record<string, Uint8Array>>;
  /** Files that load with the function; other modules wait for their first use. */
  start: readonly string[];
  /** Sources that have bytes in it, as paths in the tree or below `node_modules/`. */
  sources: readonly string[];
};

const entryOf = ({ entry }: FunctionSpec): string => `
import { create } from './${entry}';
import { readEnv } from './adapters/env.ts';
export const handler = create(readEnv(process.env));
`;

const COMMON = {
  absWorkingDir: ROOT,
  outdir: 'bundle',
  outExtension: { '.js': '.mjs' },
  splitting: true,
  write: false,
  metafile: true,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minify: true,
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'silent',
  // For CommonJS dependencies inside an ES module: they call `require` for what Node brings.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
} as const satisfies BuildOptions;

/** The SDK comes with the Lambda runtime, whose version changes with a deployment only (decision 15). */
const SDK = '@aws-sdk/*';

const filesOf = (outputFiles: readonly OutputFile[]): Record<string, Uint8Array> =>
  Object.fromEntries(outputFiles.map((file) => [path.relative(path.join(ROOT, 'bundle'), file.path), file.contents]));

/**
 * Provider packages, beside the function where it imports them from. Built apart: they take all of zod, with its
 * forty languages, and one build would give that to the function as well.
 */
const providerFiles = (kinds: readonly ProviderKind[]): Record<string, Uint8Array> => {
  if (kinds.length === 0) return {};
  const packages = kinds.map((kind) => PACKAGES[kind]);
  const { outputFiles } = buildSync({
    ...COMMON,
    entryPoints: packages.map((name) => ({ in: name, out: `node_modules/${name}/index` })),
    chunkNames: 'node_modules/@ai-sdk/chunk-[hash]',
    external: [SDK],
  });
  const manifests = packages.map((name) => [
    `node_modules/${name}/package.json`,
    new TextEncoder().encode(JSON.stringify({ name, type: 'module', exports: './index.mjs' })),
  ]);
  return { ...filesOf(outputFiles), ...Object.fromEntries(manifests) };
};

type Outputs = Metafile['outputs'];

/** `file` and all that its import statements load with it. */
const loadedWith = (outputs: Outputs, file: string, seen: ReadonlySet<string> = new Set()): ReadonlySet<string> => {
  if (seen.has(file)) return seen;
  const now = (outputs[file]?.imports ?? []).filter(({ kind, external }) => kind === 'import-statement' && !external);
  return now.reduce<ReadonlySet<string>>((all, { path: next }) => loadedWith(outputs, next, all), new Set([...seen, file]));
};

const sourcesIn = (outputs: Outputs): string[] => {
  const carried = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0),
  );
  return [...new Set(carried.map(([file]) => file.replace(/^.*?(?=node_modules\/)/, '')))].sort();
};

/**
 * Bundles a function into modules and their source maps. What few requests need is a file of its own that loads with its first use:
 * providers, sign-in, the parser of tables. The bytes depend on the sources only, never on where the
 * tree lies, so an unchanged function keeps its asset hash and publishes no new version.
 * @throws esbuild's BuildFailure naming file and line
 */
export const bundle = (spec: FunctionSpec, options: BundleOptions): Bundle => {
  const { outputFiles, metafile } = buildSync({
    ...COMMON,
    stdin: { contents: entryOf(spec), resolveDir: ROOT, sourcefile: `${spec.name}.entry.ts`, loader: 'ts' },
    entryNames: 'index',
    chunkNames: 'chunk-[hash]',
    external: [SDK, '@ai-sdk/*', ...(options.signIn ? [] : ['jose', 'openid-client'])],
  });
  const { outputs } = metafile;
  return {
    files: { ...filesOf(outputFiles), ...providerFiles(options.providers) },
    start: [...loadedWith(outputs, 'bundle/index.mjs')].map((file) => path.basename(file)),
    sources: sourcesIn(outputs),
  };
};

/** Bytes of a bundle's modules: what loads with the function, and what waits for its first use. */
export const bundleBytes = ({ files, start }: Bundle): { start: number; later: number } => {
  const modules = Object.keys(files).filter((name) => name.endsWith('.mjs'));
  const bytes = (names: readonly string[]) => names.reduce((sum, name) => sum + (files[name]?.byteLength ?? 0), 0);
  return { start: bytes(start), later: bytes(modules.filter((name) => !start.includes(name))) };
};

/** Bundles each function once, into a folder of its own below `folder`. */
export const bundledCode = (folder: string): CodeOf => {
  const done = new Map<string, string>();
  return (spec, environment) => {
    const options = bundleOptions(spec, environment);
    const id = [spec.name, ...options.providers, ...(options.signIn ? ['sign-in'] : [])].join('-');
    const target = done.get(id) ?? path.join(folder, id);
    if (!done.has(id)) {
      rmSync(target, { recursive: true, force: true });
      for (const [name, contents] of Object.entries(bundle(spec, options).files)) {
        mkdirSync(path.dirname(path.join(target, name)), { recursive: true });
        writeFileSync(path.join(target, name), contents);
      }
      done.set(id, target);
    }
    return Code.fromAsset(target);
  };
};
