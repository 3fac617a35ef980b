import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../functions/lib/hash.ts';
import { bundle, callsProviders, ROOT } from '../../infra/aws/bundle.ts';
import { BUDGET } from '../../infra/environment/llm.ts';
import { FUNCTIONS } from '../../infra/functions.ts';

// Inside the tree, so that the SDK, which the Lambda runtime brings, is found here as well.
const cache = path.join(ROOT, '.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(path.join(cache, 'bundle-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const VARIABLES = {
  HOLDPOINT_ENV: 'dev',
  HOLDPOINT_EVENTS_BUCKET: 'holdpoint-dev-events',
  HOLDPOINT_ARTIFACTS_BUCKET: 'holdpoint-dev-artifacts',
  HOLDPOINT_CASSETTES_BUCKET: 'holdpoint-dev-cassettes',
  HOLDPOINT_TELEMETRY_BUCKET: 'holdpoint-dev-telemetry',
  HOLDPOINT_TABLE: 'holdpoint-dev-jobs',
  HOLDPOINT_JOB_MACHINE_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:holdpoint-dev-job:live',
  HOLDPOINT_CONTEXT_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:holdpoint-dev-context-keys-AbCdEf',
};

const bundles = new Map(FUNCTIONS.map((spec) => [spec.name, bundle(spec, { providers: false })]));

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

describe.each(FUNCTIONS)('$name', (spec) => {
  const files = bundles.get(spec.name) ?? {};

  test('is one module and its source map', () => {
    expect(Object.keys(files).sort()).toEqual(['index.mjs', 'index.mjs.map']);
  });

  test('leaves the SDK to the Lambda runtime', () => {
    const { sources }: { sources: string[] } = JSON.parse(text(files['index.mjs.map']));
    expect(text(files['index.mjs'])).toContain('"@aws-sdk/client-s3"');
    expect(sources.filter((source) => /node_modules\/@(aws-sdk|smithy)\//.test(source))).toEqual([]);
  });

  test('does not depend on where the tree lies', () => {
    expect(Object.values(files).map(text).join()).not.toContain(ROOT);
    expect(Object.values(bundle(spec, { providers: false })).map(sha256Hex)).toEqual(Object.values(files).map(sha256Hex));
  });
});

describe('provider packages', () => {
  const withPackages = (files: Record<string, Uint8Array>) =>
    Object.entries(files)
      .filter(([name, bytes]) => name.endsWith('.mjs') && /x-api-key|ai-sdk-anthropic/i.test(text(bytes)))
      .map(([name]) => name);
  const intent = FUNCTIONS.find(({ name }) => name === 'intent');
  if (!intent) throw new Error('no intent function');

  test('are in no bundle of an environment that only replays', () => {
    for (const files of bundles.values()) {
      expect(withPackages(files)).toEqual([]);
      const { sources }: { sources: string[] } = JSON.parse(text(files['index.mjs.map']));
      expect(sources.filter((source) => source.includes('node_modules/@ai-sdk/'))).toEqual([]);
    }
  });

  test('of an agent that may call models wait in chunks of their own', () => {
    const files = bundle(intent, { providers: true });
    expect(withPackages(files).length).toBeGreaterThan(0);
    expect(withPackages(files)).not.toContain('index.mjs');
  });

  test('go only to agents, and only where calls may be live', () => {
    const live = {
      llm: { mode: 'record' as const, providers: [{ kind: 'anthropic' as const, model: 'claude-sonnet-5' }], budget: BUDGET },
    };
    expect(FUNCTIONS.filter((spec) => callsProviders(spec, live)).map(({ name }) => name)).toEqual(['intent', 'report', 'stop']);
    expect(FUNCTIONS.some((spec) => callsProviders(spec, { llm: { ...live.llm, mode: 'replay' } }))).toBe(false);
  });
});

test('every bundle loads in plain Node and exports its handler', () => {
  for (const [name, files] of bundles) {
    mkdirSync(path.join(folder, name));
    for (const [file, contents] of Object.entries(files)) writeFileSync(path.join(folder, name, file), contents);
  }
  const script = `for (const name of ${JSON.stringify([...bundles.keys()])}) console.log(name, typeof (await import('./' + name + '/index.mjs')).handler)`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: folder, env: VARIABLES, encoding: 'utf8' });
  expect(output.trim().split('\n')).toEqual(FUNCTIONS.map(({ name }) => `${name} function`));
});
