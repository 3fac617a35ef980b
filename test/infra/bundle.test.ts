import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../functions/lib/hash.ts';
import { type Bundle, bundle, bundleBytes, bundleOptions, callsProviders, ROOT } from '../../infra/aws/bundle.ts';
import { mayCarry, startLimit } from '../../infra/aws/bundle-rules.ts';
import { BUDGET } from '../../infra/environment/llm.ts';
import { ENVIRONMENTS } from '../../infra/environments.ts';
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
  HOLDPOINT_TELEMETRY_WORKGROUP: 'holdpoint-dev',
  HOLDPOINT_TELEMETRY_DATABASE: 'holdpoint_dev',
  HOLDPOINT_TABLE: 'holdpoint-dev-jobs',
  HOLDPOINT_JOB_MACHINE_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:holdpoint-dev-job:live',
  HOLDPOINT_ROLLOUT_MACHINE_ARN: 'arn:aws:states:us-east-1:000000000000:stateMachine:holdpoint-dev-rollout:live',
  HOLDPOINT_CONTEXT_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:holdpoint-dev-context-keys-AbCdEf',
};

/** Everything a function may carry where models only replay. */
const WHOLE = { providers: [], signIn: true };
const bundles = new Map(FUNCTIONS.map((spec) => [spec.name, bundle(spec, WHOLE)]));

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
const modulesOf = ({ files }: Bundle): string[] => Object.keys(files).filter((name) => name.endsWith('.mjs'));

describe.each(FUNCTIONS)('$name', (spec) => {
  const made = bundles.get(spec.name) ?? { files: {}, start: [], sources: [] };

  test('is modules and their source maps, of which one is the handler', () => {
    const modules = modulesOf(made);
    expect(modules).toContain('index.mjs');
    expect(Object.keys(made.files).sort()).toEqual(modules.flatMap((name) => [name, `${name}.map`]).sort());
  });

  test('loads no more at a cold start than its limit', () => {
    expect(bundleBytes(made).start).toBeLessThanOrEqual(startLimit(spec.name));
  });

  test('carries nothing that belongs to other functions', () => {
    expect(made.sources.length).toBeGreaterThan(50);
    expect(made.sources.filter((source) => !mayCarry(spec.name, source))).toEqual([]);
  });

  test('leaves the SDK to the Lambda runtime', () => {
    expect(text(made.files['index.mjs'])).toContain('"@aws-sdk/client-s3"');
  });

  test('does not depend on where the tree lies', () => {
    expect(Object.values(made.files).map(text).join()).not.toContain(ROOT);
    expect(Object.values(bundle(spec, WHOLE).files).map(sha256Hex)).toEqual(Object.values(made.files).map(sha256Hex));
  });
});

describe('the rules of what a bundle carries', () => {
  test.each([
    ['compile', 'adapters/notify/outbox.ts'],
    ['compile', 'adapters/model/call-model.ts'],
    ['gates', 'functions/run/backtest.ts'],
    ['run', 'functions/lib/prices/price-table.ts'],
    ['web', 'adapters/model/mock.ts'],
    ['finish', 'adapters/sign/kms.ts'],
    ['intake', 'node_modules/jose/dist/webapi/index.js'],
    ['web', 'node_modules/@aws-sdk/client-s3/dist-es/index.js'],
  ] as const)('keep %s from %s', (name, source) => {
    expect(mayCarry(name, source)).toBe(false);
  });
});

describe('what only some environments need', () => {
  const carriers = (made: Bundle, pattern: RegExp) => modulesOf(made).filter((name) => pattern.test(text(made.files[name])));
  const PROVIDERS = /ai-sdk-anthropic/i;
  const SIGN_IN = /code_challenge_methods_supported/;
  const specOf = (name: string) => {
    const spec = FUNCTIONS.find((one) => one.name === name);
    if (!spec) throw new Error(`no function ${name}`);
    return spec;
  };

  test('providers wait in files of their own for the first live call, and are nowhere where models only replay', () => {
    for (const made of bundles.values()) expect(carriers(made, PROVIDERS)).toEqual([]);
    const live = bundle(specOf('intent'), { providers: ['anthropic'], signIn: false });
    expect(carriers(live, PROVIDERS).length).toBeGreaterThan(0);
    expect(carriers(live, PROVIDERS).filter((name) => live.start.includes(name))).toEqual([]);
    expect(live.files['index.mjs']).toEqual(bundles.get('intent')?.files['index.mjs']);
    expect(Object.keys(live.files).filter((name) => /bedrock|openai/.test(name))).toEqual([]);
  });

  test('sign-in waits in chunks of its own for the first visitor, and is nowhere where nobody signs in', () => {
    const web = bundles.get('web');
    if (!web) throw new Error('no web bundle');
    expect(carriers(web, SIGN_IN)).toHaveLength(1);
    expect(carriers(web, SIGN_IN).filter((name) => web.start.includes(name))).toEqual([]);
    expect(carriers(bundle(specOf('web'), { providers: [], signIn: false }), SIGN_IN)).toEqual([]);
  });

  test('each environment has what its settings ask for', () => {
    const llm = { mode: 'record' as const, providers: [{ kind: 'anthropic' as const, model: 'claude-sonnet-5' }], budget: BUDGET };
    expect(FUNCTIONS.filter((spec) => callsProviders(spec, { llm })).map(({ name }) => name)).toEqual(['intent', 'report', 'stop']);
    expect(FUNCTIONS.some((spec) => callsProviders(spec, { llm: { ...llm, mode: 'replay' } }))).toBe(false);
    for (const environment of ENVIRONMENTS) {
      const signsIn = FUNCTIONS.filter((spec) => bundleOptions(spec, environment).signIn).map(({ name }) => name);
      expect(signsIn).toEqual(environment.oidc ? ['web'] : []);
    }
  });
});

/** Writes a bundle as it lies on AWS, and gives its folder. */
const unpack = (name: string, { files }: Bundle): string => {
  for (const [file, contents] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name, file)), { recursive: true });
    writeFileSync(path.join(folder, name, file), contents);
  }
  return path.join(folder, name);
};

const evaluate = (cwd: string, script: string): string[] =>
  execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd, env: VARIABLES, encoding: 'utf8' }).trim().split('\n');

test('every bundle loads in plain Node and exports its handler', () => {
  for (const [name, made] of bundles) unpack(name, made);
  const script = `for (const name of ${JSON.stringify([...bundles.keys()])}) console.log(name, typeof (await import('./' + name + '/index.mjs')).handler)`;
  expect(evaluate(folder, script)).toEqual(FUNCTIONS.map(({ name }) => `${name} function`));
});

test('an agent finds the providers of its chain beside it', () => {
  const intent = FUNCTIONS.find(({ name }) => name === 'intent');
  if (!intent) throw new Error('no intent function');
  const live = unpack('intent-live', bundle(intent, { providers: ['anthropic', 'bedrock', 'openai-compatible'], signIn: false }));
  writeFileSync(
    path.join(live, 'probe.mjs'),
    `for (const [name, make] of [['anthropic', 'createAnthropic'], ['amazon-bedrock', 'createAmazonBedrock'], ['openai-compatible', 'createOpenAICompatible']])
      console.log(typeof (await import('@ai-sdk/' + name))[make], import.meta.resolve('@ai-sdk/' + name).startsWith(import.meta.resolve('./')))`,
  );
  expect(evaluate(live, "await import('./probe.mjs')")).toEqual(['function true', 'function true', 'function true']);
});
