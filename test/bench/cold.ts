import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, bundleBytes, ROOT } from '../../infra/aws/bundle.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import { functionVariables } from '../../infra/local/settings.ts';
import { type Figure, percentiles } from './stats.ts';

const KB = 1024;

const SCRIPT = 'const from = performance.now(); await import(process.argv[1]); process.stdout.write(String(performance.now() - from));';

/** How long a new process takes to load a module, beyond what Node itself takes to start; in ms. */
const importMs = (file: string, env: Record<string, string | undefined>): number =>
  Number(execFileSync(process.execPath, ['--input-type=module', '-e', SCRIPT, file], { env, encoding: 'utf8' }));

/** Size and load time of each function's bundle, the SDK coming from this machine's packages as from the runtime's on AWS. */
export const coldFigures = (n: number): Figure[] => {
  // Inside the tree: the SDK is found where the bundle lies.
  mkdirSync(join(ROOT, 'node_modules/.cache'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, 'node_modules/.cache/bench-'));
  try {
    const variables = functionVariables(folder, { aws: 'http://127.0.0.1:9', web: 'http://127.0.0.1:9' }, {});
    return FUNCTIONS.map((spec) => {
      const made = bundle(spec, { providers: [], signIn: false });
      const { files } = made;
      const target = join(folder, spec.name);
      mkdirSync(target);
      for (const [name, contents] of Object.entries(files)) writeFileSync(join(target, name), contents);
      const file = join(target, 'index.mjs');
      const env = { PATH: process.env['PATH'], ...variables(spec.name) };
      const samples = Array.from({ length: n }, () => importMs(file, env));
      const kb = Math.round(bundleBytes(made).start / KB);
      return { bench: 'cold_start', what: spec.name, n, kb, import_ms: percentiles(samples).p50_ms };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
