import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createArtifacts } from '../../adapters/aws/artifacts.ts';
import { readEnv } from '../../adapters/env.ts';
import { createBuildRunner, resultKey } from '../../adapters/runner/build-runner.ts';
import { createBuilds } from '../../adapters/runner/builds.ts';
import type { Artifacts } from '../../contracts/ports.ts';
import { CONTRACT_FILE, type RunnerRequest } from '../../contracts/runner.ts';
import { functionVariables } from '../../infra/local/settings.ts';
import { type Services, startServices } from '../support/services.ts';

const BUCKET = 'holdpoint-local-artifacts';
const MAIN = new URL('../../adapters/runner/main.ts', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'holdpoint-builds-'));

type Build = { id: string; token: string; child: ChildProcess | null; status: string; ended: Promise<void> };
type Call = { target: string; authorization: string; input: Record<string, unknown> };

let services: Services;
let s3: string;
let artifacts: Artifacts;
let server: Server;
const builds: Build[] = [];
const calls: Call[] = [];
/** What the service does with the next builds. */
let mood: 'runs' | 'refuses' | 'breaks' = 'runs';
let checkout = folder;

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

/** As a build container does: the source is the folder, the role's credentials are in the environment. */
const startBuild = (input: Record<string, unknown>): Build => {
  const overrides = (input['environmentVariablesOverride'] as { name: string; value: string }[]).map(({ name, value }) => [name, value]);
  const token = String(input['idempotencyToken']);
  const build: Build = { id: `runner:${builds.length}`, token, child: null, status: 'IN_PROGRESS', ended: Promise.resolve() };
  builds.push(build);
  if (mood === 'breaks') return Object.assign(build, { status: 'FAILED' });
  const child = spawn(process.execPath, [MAIN], {
    cwd: checkout,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      HOLDPOINT_ARTIFACTS_BUCKET: BUCKET,
      AWS_ENDPOINT_URL: s3,
      ...{ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'BUILD', AWS_SECRET_ACCESS_KEY: 'build-role-secret' },
      ...Object.fromEntries(overrides),
    },
  });
  const ended = new Promise<void>((resolve) =>
    child.once('exit', (code) => {
      build.status = code === 0 ? 'SUCCEEDED' : 'FAILED';
      resolve();
    }),
  );
  return Object.assign(build, { child, ended });
};

const answer = (target: string, input: Record<string, unknown>): [number, unknown] => {
  if (target.endsWith('.BatchGetBuilds')) {
    const found = builds.filter(({ id }) => (input['ids'] as string[]).includes(id));
    return [200, { builds: found.map(({ id, status: buildStatus }) => ({ id, buildStatus })) }];
  }
  if (mood === 'refuses') return [400, { __type: 'AccessDeniedException', message: 'not authorized to perform: codebuild:StartBuild' }];
  const { id } = builds.find(({ token }) => token === input['idempotencyToken']) ?? startBuild(input);
  return [200, { build: { id, buildStatus: 'IN_PROGRESS' } }];
};

const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const target = String(request.headers['x-amz-target']);
  const input = JSON.parse(await bodyOf(request)) as Record<string, unknown>;
  calls.push({ target, authorization: String(request.headers['authorization']), input });
  const [status, body] = answer(target, input);
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', connection: 'close' }).end(JSON.stringify(body));
};

beforeAll(async () => {
  services = await startServices();
  const endpoint = await services.clients.s3.config.endpoint?.();
  s3 = `http://127.0.0.1:${endpoint?.port}`;
  artifacts = createArtifacts(services.clients.s3, BUCKET);
  server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  for (const { child } of builds) child?.kill('SIGKILL');
  await new Promise((resolve) => server.close(resolve));
  await services.close();
  rmSync(folder, { recursive: true });
});

let jobs = 0;
const attempt = (command: string[] | null, { repository = 'app', later = 0 } = {}) => {
  mood = 'runs';
  const job = (0xb00000000000 + jobs++).toString(16);
  checkout = join(folder, job);
  mkdirSync(checkout);
  const checks = [{ purpose: 'test', command, timeout_seconds: 20 }];
  if (command) writeFileSync(join(checkout, CONTRACT_FILE), JSON.stringify({ schema_version: 'test_contract_v1', checks }));
  const address = server.address();
  const aws = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const env = readEnv({ ...functionVariables(folder, { aws, web: aws }, {})('web'), AWS_SESSION_TOKEN: 'session' });
  let ahead = later;
  const port = createBuildRunner({
    config: { kind: 'codebuild', repository: 'app', project: 'holdpoint-dev-runner', wait_seconds: 600 },
    ...{ artifacts, builds: createBuilds(env), clock: () => new Date(Date.now() + ahead) },
  });
  const request: RunnerRequest = { purpose: 'test', repository, attempt: 1, prefix: `jobs/${job}/outputs/runner/test/1/attempt-1` };
  const run = () => port.run(request);
  /** As the machine does: asks again until there is a result. */
  const settled = async () => {
    await expect(run()).rejects.toMatchObject({ name: 'RunnerPending' });
    await builds.at(-1)?.ended;
    return run();
  };
  return { run, settled, request, pass: (ms: number) => (ahead += ms) };
};
const sh = (script: string): string[] => ['sh', '-c', script];

describe('a check as a build', () => {
  it.each([
    ['exit 0', { result: 'PASS' }],
    ['exit 1', { result: 'FAIL', reason: 'exit_code', exit_code: 1 }],
    ['exit 75', { result: 'DEFER', reason: 'exit_75' }],
    ['kill -9 $$', { result: 'DEFER', reason: 'signal' }],
  ])('%s comes back as itself, whatever the status of the build', async (script, expected) => {
    const result = await attempt(sh(script)).settled();
    expect(result).toMatchObject({ ...expected, attempt: 1, repository: 'app' });
    expect(builds.at(-1)?.status).toBe('SUCCEEDED');
  });

  it('is started once, signed for CodeBuild, however often it is asked for', async () => {
    const { run, settled, request } = attempt(sh('sleep 0.5'));
    const before = calls.length;
    await expect(run()).rejects.toMatchObject({ name: 'RunnerPending' });
    await expect(run()).rejects.toMatchObject({ name: 'RunnerPending' });
    expect(await settled()).toMatchObject({ result: 'PASS' });
    expect(await run()).toMatchObject({ result: 'PASS' });
    const starts = calls.slice(before).filter(({ target }) => target === 'CodeBuild_20161006.StartBuild');
    expect(starts).toHaveLength(1);
    expect(starts[0]?.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=LOCAL-web\/\d{8}\/us-east-1\/codebuild\/aws4_request/);
    expect(starts[0]?.input).toMatchObject({
      projectName: 'holdpoint-dev-runner',
      idempotencyToken: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(await artifacts.get(resultKey(request.prefix))).not.toBeNull();
  });

  it('shows a command nothing of the credentials of the build', async () => {
    const result = await attempt(['env']).settled();
    expect(result).toMatchObject({ result: 'PASS', output: { text: expect.stringContaining('PATH=') } });
    expect(JSON.stringify(result)).not.toMatch(/AWS_|build-role-secret/);
  });

  it('without a contract in its source was not run', async () => {
    expect(await attempt(null).settled()).toMatchObject({ result: 'NOT_RUN', reason: 'no_contract' });
  });
});

describe('a build that says nothing is no verdict', () => {
  it('when it ends without a result', async () => {
    const { run } = attempt(sh('exit 0'));
    mood = 'breaks';
    await expect(run()).rejects.toMatchObject({ name: 'RunnerPending' });
    expect(await run()).toMatchObject({ result: 'DEFER', reason: 'missing_result', message: expect.stringContaining('FAILED') });
  });

  it('when it cannot be started', async () => {
    const { run } = attempt(sh('exit 0'));
    mood = 'refuses';
    expect(await run()).toMatchObject({
      ...{ result: 'DEFER', reason: 'spawn_failed' },
      message: expect.stringContaining('AccessDeniedException'),
    });
  });

  it('when its time is over', async () => {
    const { run, pass } = attempt(sh('sleep 600'));
    await expect(run()).rejects.toMatchObject({ name: 'RunnerPending' });
    pass(601_000);
    expect(await run()).toMatchObject({ result: 'DEFER', reason: 'missing_result', message: expect.stringContaining('600 s') });
    builds.at(-1)?.child?.kill('SIGTERM');
    await builds.at(-1)?.ended;
  });

  it('when it is stopped', async () => {
    const { run } = attempt(sh('touch begun; sleep 600'));
    await expect(run()).rejects.toMatchObject({ name: 'RunnerPending' });
    while (!existsSync(join(checkout, 'begun'))) await pause(20);
    builds.at(-1)?.child?.kill('SIGTERM');
    await builds.at(-1)?.ended;
    expect(await run()).toMatchObject({ result: 'DEFER', reason: 'aborted' });
  });

  it('when what it wrote is about something else, or nothing that can be read', async () => {
    const result = await attempt(sh('exit 0')).settled();
    const other = attempt(sh('exit 0'));
    await artifacts.put(resultKey(other.request.prefix), JSON.stringify({ ...result, repository: 'other' }), 'application/json');
    expect(await other.run()).toMatchObject({ result: 'DEFER', reason: 'missing_result' });
    const torn = attempt(sh('exit 0'));
    await artifacts.put(resultKey(torn.request.prefix), JSON.stringify(result).slice(0, -9), 'application/json');
    expect(await torn.run()).toMatchObject({ result: 'DEFER', reason: 'missing_result' });
  });

  it('and a repository whose source it has not is one without a contract', async () => {
    expect(await attempt(sh('exit 0'), { repository: 'acme/other' }).run()).toMatchObject({ result: 'NOT_RUN', reason: 'no_contract' });
  });
});
