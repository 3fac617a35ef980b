import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';
import type { Environment } from '../environments.ts';
import type { FunctionName, FunctionSpec } from '../functions.ts';

export const ROOT = path.resolve(import.meta.dirname, '../..');

/** Gives the code of a function: bundled for a deployment, a stub where only the template matters. */
export type CodeOf = (spec: FunctionSpec, environment: Pick<Environment, 'llm'>) => Code;

/** Functions that may call a model. Where they cannot, the provider packages stay out. */
const MODEL_CALLERS: readonly FunctionName[] = ['intent', 'report', 'stop'];

export const callsProviders = ({ name }: Pick<FunctionSpec, 'name'>, { llm }: Pick<Environment, 'llm'>): boolean =>
  MODEL_CALLERS.includes(name) && llm.mode !== 'replay';

const entryOf = ({ entry }: FunctionSpec): string => `
import { create } from './${entry}';
import { readEnv } from './adapters/env.ts';
export const handler = create(readEnv(process.env));
`;

/**
 * Bundles a function into `index.mjs` and its source map; providers, where they may be called, into chunks of their own
 * that are loaded with the first live call. The bytes depend on the sources only, never on where the
 * tree lies, so an unchanged function keeps its asset hash and publishes no new version.
 * @throws esbuild's BuildFailure naming file and line
 */
export const bundle = (spec: FunctionSpec, options: { providers: boolean }): Record<string, Uint8Array> => {
  const { outputFiles } = buildSync({
    absWorkingDir: ROOT,
    stdin: { contents: entryOf(spec), resolveDir: ROOT, sourcefile: `${spec.name}.entry.ts`, loader: 'ts' },
    outdir: 'bundle',
    entryNames: 'index',
    chunkNames: 'chunk-[hash]',
    outExtension: { '.js': '.mjs' },
    splitting: true,
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'silent',
    // The Lambda runtime ships the SDK: leaving it out makes the bundle a tenth, and cold starts follow.
    external: ['@aws-sdk/*', ...(options.providers ? [] : ['@ai-sdk/*'])],
    // For CommonJS dependencies inside an ES module: they call `require` for what Node brings.
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  });
  return Object.fromEntries(outputFiles.map((file) => [path.basename(file.path), file.contents]));
};

/** Bundles each function once, into a folder of its own below `folder`. */
export const bundledCode = (folder: string): CodeOf => {
  const done = new Map<string, string>();
  return (spec, environment) => {
    const providers = callsProviders(spec, environment);
    const id = providers ? `${spec.name}-live` : spec.name;
    const target = done.get(id) ?? path.join(folder, id);
    if (!done.has(id)) {
      rmSync(target, { recursive: true, force: true });
      mkdirSync(target, { recursive: true });
      for (const [name, contents] of Object.entries(bundle(spec, { providers }))) writeFileSync(path.join(target, name), contents);
      done.set(id, target);
    }
    return Code.fromAsset(target);
  };
};
