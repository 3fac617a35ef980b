import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SHIPPED } from '../../cli/cassette/folder.ts';
import { runNode } from '../../cli/child.ts';
import { cli } from '../../cli/testing/world.ts';
import { FlagList } from '../../contracts/http.ts';
import { SmokeResult } from '../../contracts/smoke.ts';
import type { AwsRequest, AwsResponse } from '../../infra/local/wire.ts';
import { call, getJob, startTestCloud, submit, type TestCloud, temporaryFolder, untilSettled } from '../support/cloud.ts';
import { BRISK, rolloutOf } from '../support/journeys/rollout.ts';
import { by, setFlag } from '../support/journeys/steps.ts';

let cloud: TestCloud;
/** What the AWS endpoint answers instead, where it answers something else. */
let broken: (request: AwsRequest) => AwsResponse | null = () => null;
const s3 = () =>
  new S3Client({
    region: 'us-east-1',
    endpoint: cloud.aws,
    forcePathStyle: true,
    credentials: { accessKeyId: 'ops', secretAccessKey: 'ops' },
  });

/** A project with checks of its own. */
const project = temporaryFolder();
const checks = (program: string): void =>
  writeFileSync(
    join(project, 'holdpoint.checks.json'),
    JSON.stringify({ schema_version: 'test_contract_v1', checks: [{ purpose: 'test', command: [program], timeout_seconds: 30 }] }),
  );
const runner = { kind: 'child', repository: 'holdpoint', variables: {}, scope: 'test', checkouts: { holdpoint: project } };

beforeAll(async () => {
  checks('true');
  cloud = await startTestCloud({
    environment: { ...BRISK, HOLDPOINT_RUNNER: JSON.stringify(runner) },
    digestEveryMs: 300,
    simulate: {},
    intercept: (handle) => async (request) => broken(request) ?? handle(request),
  });
});
afterEach(() => {
  broken = () => null;
});
afterAll(async () => {
  await cloud.remove();
  rmSync(project, { recursive: true });
});

const rollouts = new Set<string>();
const run = async (...argv: string[]) => {
  const ran = await cli(['smoke', '--endpoint', cloud.web, '--json', ...argv]);
  const result = SmokeResult.parse(JSON.parse(ran.stdout));
  if (result.rollout !== null) {
    expect(rollouts.has(result.rollout), 'each smoke is another rollout').toBe(false);
    rollouts.add(result.rollout);
  }
  return { ...ran, result };
};
const failures = ({ checks }: SmokeResult): Record<string, string> =>
  Object.fromEntries(checks.flatMap(({ id, verdict, reason }) => (verdict === 'failed' ? [[id, reason]] : [])));

const dynamoError = (type: string, message: string): AwsResponse => ({
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message }),
});
const asksTable = ({ headers }: AwsRequest): boolean => headers['x-amz-target']?.startsWith('DynamoDB_') === true;

const textOf = async (Bucket: string, Key: string): Promise<string> =>
  (await (await s3().send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString()) ?? '';

const ARTIFACTS = 'holdpoint-local-artifacts';
const CASSETTES = 'holdpoint-local-cassettes';

describe('smoke on an environment that works', () => {
  it('says GO, exit 0, after a canary, every log and every fixture; and changes no flag of the rollout', async () => {
    const { exit, result, stderr } = await run('--env', 'local');
    expect(failures(result), stderr).toEqual({});
    expect([exit, result.verdict]).toEqual([0, 'GO']);
    const said = Object.fromEntries(result.checks.map(({ id, reason }) => [id, reason]));
    expect(said['core_tests']).toBe("the project's checks passed");
    expect(said['canary']).toMatch(/^job [0-9a-f]{12} succeeded; every criterion of stage 0 is met$/);
    expect(said['fixtures']).toMatch(/^\d+ fixtures are fresh/);
    expect(said['logs']).toMatch(/^\d+ logs with \d+ events and \d+ digests verify$/);
    const { events } = await getJob(cloud.web, result.rollout ?? '');
    expect(events.at(-1)).toMatchObject({ event_type: 'DONE', outputs: { status: 'succeeded' } });
  });

  it('refuses to speak for another environment than the one that was meant', async () => {
    const { exit, stderr } = await cli(['smoke', '--endpoint', cloud.web, '--env', 'prod']);
    expect([exit, stderr]).toEqual([2, expect.stringContaining('the server is environment "local", not "prod"')]);
  });

  it('exits 69 where nothing answers', async () => {
    expect((await cli(['smoke', '--endpoint', 'http://127.0.0.1:9'])).exit).toBe(69);
  });
});

it('smoke waits no longer than for the answer of a person, where somebody switched checks off: exit 3', async () => {
  await call(cloud.web, '/flags/test_runner_enabled', { method: 'PUT', body: { value: false }, user: 'carol' });
  const { exit, stderr } = await cli(['smoke', '--endpoint', cloud.web, '--no-fixtures']);
  await call(cloud.web, '/flags/test_runner_enabled', { method: 'PUT', body: { value: true } });
  expect(exit).toBe(3);
  expect(stderr).toContain('test_runner_enabled is false, set by carol');
  expect(stderr).toMatch(/no verdict yet: rollout [0-9a-f]{12} is WAITING_HUMAN at checks/);
});

describe('smoke says NO-GO, exit 1, for', () => {
  it('checks of the project that fail', async () => {
    checks('false');
    const { exit, result } = await run('--no-fixtures');
    checks('true');
    expect([exit, failures(result)]).toEqual([1, { core_tests: expect.stringContaining("the project's checks failed") }]);
  });

  it('a missing table, which no job could be opened in', async () => {
    broken = (request) => (asksTable(request) ? dynamoError('ResourceNotFoundException', 'Requested resource not found') : null);
    const { exit, result } = await run('--no-fixtures');
    expect([exit, result.verdict]).toEqual([1, 'NO_GO']);
    expect(failures(result)).toEqual({ table: expect.stringMatching(/^the table is missing: deploy .*reconcile --once/) });
  });

  it('a table that was lost after the rollout began, and without an index that this build reads', async () => {
    broken = (request) => (by('smoke', request) && asksTable(request) ? dynamoError('ResourceNotFoundException', 'not found') : null);
    expect(failures((await run('--no-fixtures')).result)).toMatchObject({
      table: expect.stringContaining('table holdpoint-local-jobs is missing'),
      telemetry: expect.stringContaining('flags cannot be read'),
    });
    const due = (request: AwsRequest) => by('smoke', request) && asksTable(request) && request.body.includes('"due"');
    broken = (request) => (due(request) ? dynamoError('ValidationException', 'The table does not have the specified index: due') : null);
    const { exit, result } = await run('--no-fixtures');
    expect([exit, failures(result)]).toEqual([1, { schema: expect.stringContaining('old schema: index due is missing') }]);
  });

  it('an old document, telemetry off above stage 0, a log somebody edited, and stale fixtures: each with its own reason', async () => {
    await setFlag(cloud.web, 'test_runner_enabled');
    const { job_id } = await submit(cloud.web, rolloutOf({ kind: 'features' }, 0));
    await untilSettled(cloud.web, job_id);
    const Key = `jobs/${job_id}/job_spec.json`;
    const spec = await textOf(ARTIFACTS, Key);
    await s3().send(new PutObjectCommand({ Bucket: ARTIFACTS, Key, Body: spec.replaceAll('job_spec_v1', 'job_spec_v0') }));
    await call(cloud.web, '/flags/history_pack', { method: 'PUT', body: { value: true } });
    const objects = join(cloud.dataDir, 's3', 'holdpoint-local-events', 'objects');
    const event = join(objects, readdirSync(objects).find((name) => name.includes(job_id) && name.includes('00000002')) ?? '');
    const written = readFileSync(event, 'utf8');
    writeFileSync(event, written.replace(/"at":"20/, '"at":"19'));
    const fixtures = temporaryFolder();
    cpSync(SHIPPED, fixtures, { recursive: true });
    const cassette = join(fixtures, 'intent', 'trend', 'cassette.json');
    writeFileSync(cassette, readFileSync(cassette, 'utf8').replace(/"prompt_version": "[^"]+"/, '"prompt_version": "v0"'));
    try {
      const { exit, result } = await run('--fixtures', fixtures);
      expect(exit).toBe(1);
      expect(failures(result)).toEqual({
        schema: expect.stringContaining(`${Key} is of job_spec_v0, this build reads job_spec_v1`),
        telemetry: expect.stringContaining('telemetry is off although history_pack is on'),
        logs: expect.stringContaining(`log ${job_id} is not as it was written`),
        fixtures: expect.stringMatching(/^stale fixtures: intent\/trend is version_mismatch/),
      });
      const { job, events } = await getJob(cloud.web, result.rollout ?? '');
      expect(job.outcome).toBe('rolled_back');
      expect(events.at(-1)?.message).toMatch(/^stage 0: smoke says NO-GO: schema: .*; telemetry: .*; logs: /);
      expect(events.find(({ event_type }) => event_type === 'ROLLED_BACK')?.outputs).toMatchObject({ reason: 'SMOKE_NO_GO', flags: {} });
    } finally {
      rmSync(fixtures, { recursive: true });
      writeFileSync(event, written);
      await s3().send(new PutObjectCommand({ Bucket: ARTIFACTS, Key, Body: spec }));
      await call(cloud.web, '/flags/history_pack', { method: 'PUT', body: { value: false } });
    }
  });

  it('a provider that refuses its key, and one that cannot be reached; no model is asked to find out', async () => {
    cloud.simulator?.setFaults([
      { kind: 'auth', protocol: 'anthropic', times: Number.POSITIVE_INFINITY },
      { kind: 'reset', protocol: 'openai', times: Number.POSITIVE_INFINITY },
    ]);
    const { exit, result, stdout } = await run('--no-fixtures');
    cloud.simulator?.setFaults([]);
    expect([exit, failures(result)]).toEqual([
      1,
      {
        providers: expect.stringMatching(
          /^provider 1 \(anthropic\) refuses the key: status 401 for the key in HOLDPOINT_SIMULATED_KEY; .*; provider 2 \(127\.0\.0\.1\) cannot be reached: http/,
        ),
      },
    ]);
    expect(stdout).not.toContain('simulated-key');
    expect(new Set(cloud.simulator?.requests().map(({ path }) => path))).toEqual(new Set(['/v1/models']));
  });

  it('a canary that has no recorded answer', async () => {
    const { Contents = [] } = await s3().send(new ListObjectsV2Command({ Bucket: CASSETTES }));
    const kept = await Promise.all(Contents.map(async ({ Key = '' }) => ({ Key, Body: await textOf(CASSETTES, Key) })));
    for (const { Key } of kept) await s3().send(new DeleteObjectCommand({ Bucket: CASSETTES, Key }));
    const { exit, result } = await run('--no-fixtures');
    for (const object of kept) await s3().send(new PutObjectCommand({ Bucket: CASSETTES, ...object }));
    expect(exit).toBe(1);
    expect(failures(result)).toEqual({
      canary: expect.stringMatching(/^stage 0: success_rate is 0, the limit is 1 \([0-9a-f]{12}: .*holdpoint timeline/),
    });
  });
});

describe('the release gate', () => {
  const out = temporaryFolder();
  afterAll(() => rmSync(out, { recursive: true }));
  const page = (name: string) => readFileSync(join(out, name), 'utf8');
  const gate = async (...argv: string[]) => cli(['release-gate', '--endpoint', cloud.web, '--out', out, ...argv], { run: runNode });

  it('opens when smoke says GO, and an emergency that is rehearsed with jobs in flight is over within 30 s and loses nothing', async () => {
    const { exit, stdout, stderr } = await gate('--env', 'local');
    expect(exit, stdout + stderr).toBe(0);
    expect(page('test_report.md')).toMatch(/^# Test report\n\n.*## Verdict: PASS\n\n.*\| canary \| PASS \|.*\| runs \| 1 \| 1 \| met \|/s);
    const rollout = /\| local \| [^|]+ \| ([0-9a-f]{12}) \|/.exec(page('acceptance_evidence.md'))?.[1] ?? '';
    const { events } = await getJob(cloud.web, rollout);
    expect(page('acceptance_evidence.md')).toContain(`| ${rollout} | ${events.length} | `);
    expect(page('acceptance_evidence.md')).toContain(events.at(-1)?.hash);
    expect(page('acceptance_evidence.md')).toMatch(/\| outputs\/smoke\/smoke_report\.json \| \d+ \| [0-9a-f]{64} \|/);
    const rehearsed = page('rollback_dry_run.md').split('## Rehearsed')[1] ?? '';
    expect(rehearsed.match(/\| (PASS|FAIL) \|/g)).toEqual(Array(6).fill('| PASS |'));
    expect(readdirSync(out).map(page).join()).not.toContain(cloud.dataDir);
  });

  it('says what each way back would change here, and changes nothing', async () => {
    await call(cloud.web, '/flags/telemetry', { method: 'PUT', body: { value: true } });
    await call(cloud.web, '/flags/history_pack', { method: 'PUT', body: { value: true } });
    const { exit } = await gate('--no-rehearsal');
    const { body } = await call(cloud.web, '/flags');
    await call(cloud.web, '/flags/history_pack', { method: 'PUT', body: { value: false } });
    expect(exit).toBe(0);
    expect(page('rollback_dry_run.md')).toContain('| `kill --to stage1` | history_pack: true → false |');
    expect(page('rollback_dry_run.md')).toContain('| `kill --to off` | telemetry: true → false, history_pack: true → false |');
    expect(FlagList.parse(body).kill.level).toBe('none');
    expect(FlagList.parse(body).flags.find(({ name }) => name === 'history_pack')?.value).toBe(true);
  });

  it('is closed by one thing that failed, names it, and writes the evidence all the same', async () => {
    checks('false');
    const { exit, stderr } = await gate('--no-rehearsal');
    checks('true');
    expect([exit, stderr]).toEqual([1, expect.stringContaining('the gate is closed: smoke, core_tests, canary')]);
    expect(page('test_report.md')).toContain('## Verdict: FAIL');
  });
});
