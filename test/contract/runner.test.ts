import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createRunner } from '../../adapters/runner/runner.ts';
import type { World } from '../../adapters/world.ts';
import type { UnsignedContext } from '../../contracts/context.ts';
import { RunnerResult } from '../../contracts/runner.ts';
import { readReport } from '../../functions/lib/runner/report.ts';
import { runner } from '../../functions/runner/runner.ts';
import { effectsOf } from '../../functions/stage/effects.ts';
import { createSwitchCommands } from '../../functions/stage/switches.ts';
import { type ProofWorld, startProofWorld } from '../support/proof-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdpoint-checks-'));
const by = { actor: { type: 'user', id: 'ops', identity: 'local' }, reason: 'a trial' } as const;

let proof: ProofWorld;
let world: World;
beforeAll(async () => {
  proof = await startProofWorld();
  world = proof.world;
});
afterAll(async () => {
  await proof.close();
  rmSync(folder, { recursive: true });
});
/** Processes that work in a folder of these checks. */
const left = (): string[] =>
  readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`).startsWith(folder);
    } catch {
      return false;
    }
  });
afterEach(() => expect(process.platform === 'linux' ? left() : []).toEqual([]));

const set = (flag: string, value: unknown) => createSwitchCommands(world).setFlag(flag, value, by);

type Check = { command: string[]; timeout_seconds?: number; purpose?: 'test' | 'staging'; [more: string]: unknown };

let jobs = 0;
/** A job that enters `Checks` of a repository with this check; none: no contract. Every invocation is a new one, as a retry is. */
const job = (check: Check | null, { state = 'Checks', repository = 'app' } = {}) => {
  const job_id = (0xa00000000000 + jobs++).toString(16);
  const checkout = join(folder, job_id);
  mkdirSync(checkout);
  if (check) {
    const document = { schema_version: 'test_contract_v1', checks: [{ purpose: 'test', timeout_seconds: 20, ...check }] };
    writeFileSync(join(checkout, 'holdpoint.checks.json'), JSON.stringify(document));
  }
  const PATH = process.env['PATH'] ?? '';
  const port = createRunner({
    config: { kind: 'child', repository: 'app', scope: folder, checkouts: { [repository]: checkout }, variables: { PATH } },
    ...{ artifacts: world.artifacts, clock: world.timer, secrets: ['hush-hush-secret'] },
    builds: { start: async () => expect.unreachable(), status: async () => expect.unreachable() },
  });
  const invoke = (visit = 1) => {
    const context = { job_id, run_id: 'run-1', visits: {}, refs: {}, facts: {}, mode: 'replay' } as unknown as Parameters<
      typeof effectsOf
    >[1];
    const facts = repository === 'app' ? {} : { repository };
    const at = '2026-01-01T00:00:00.000Z';
    return runner.run(
      { job_id, run_id: 'run-1', state, visit, at, docs: {}, refs: {}, facts, job: null },
      effectsOf({ ...world, runner: port }, context satisfies UnsignedContext, visit, null),
    );
  };
  const stored = async (name: string, visit = 1): Promise<string | null> => {
    const purpose = state === 'Checks' ? 'test' : 'staging';
    const found = await world.artifacts.get(`jobs/${job_id}/outputs/runner/${purpose}/${visit}/${name}`);
    return found && new TextDecoder().decode(found.body);
  };
  const result = async (visit = 1) => RunnerResult.parse(JSON.parse((await stored('runner_result_v1.json', visit)) ?? 'null'));
  return { job_id, checkout, invoke, stored, result };
};
const sh = (script: string, more: Partial<Check> = {}): Check => ({ command: ['sh', '-c', script], ...more });

describe('the runner stage', () => {
  it('runs nothing while its switch is off, and asks a person', async () => {
    const { checkout, invoke, result } = job(sh('touch ran'));
    expect(await invoke()).toMatchObject({ route: { runner: 'human' }, facts: { test_status: 'NOT_RUN', test_reason: 'disabled' } });
    expect(await result()).toMatchObject({ result: 'NOT_RUN', attempt: 0 });
    expect(() => readFileSync(join(checkout, 'ran'))).toThrow('ENOENT');
    await set('test_runner_enabled', true);
    // What was decided stands for this visit; the next one asks again.
    expect((await invoke()).route).toEqual({ runner: 'human' });
    expect((await invoke(2)).route).toEqual({ runner: 'pass' });
  });

  it.each([
    ['exit 0', 'pass', 'PASS'],
    ['exit 1', 'fail', 'FAIL'],
    ['exit 2', 'fail', 'FAIL'],
  ])('routes %s to %s, with result and report as evidence', async (script, route, word) => {
    const { invoke, result, stored } = job(sh(`echo hush-hush-secret; ${script}`));
    const answer = await invoke();
    expect(answer).toMatchObject({ event: null, route: { runner: route }, facts: { test_status: word } });
    expect(answer.artifacts.map(({ name }) => name)).toEqual(['test_result', 'test_report']);
    expect(await result()).toMatchObject({ result: word, attempt: 1, repository: 'app', purpose: 'test' });
    const report = (await stored('report.md')) ?? '';
    expect(readReport(report)).toMatchObject({ agreed: true, front: { result: word } });
    expect(report + JSON.stringify(await result())).not.toContain('hush-hush');
  });

  it.each([
    ['exit 75', sh('echo x >> tries; exit 75'), 'exit_75'],
    ['a signal', sh('echo x >> tries; kill -9 $$'), 'signal'],
    ['a timeout with grandchildren', sh('echo x >> tries; sleep 600 & sleep 600', { timeout_seconds: 1 }), 'timeout'],
    ['a program that does not exist', { command: ['holdpoint-no-such-program'] }, 'spawn_failed'],
  ])('tries %s three times, then asks a person; never a verdict', async (_, check, reason) => {
    const { checkout, invoke, result, stored } = job(check);
    await expect(invoke()).rejects.toMatchObject({ name: 'RunnerDeferred' });
    await expect(invoke()).rejects.toMatchObject({ name: 'RunnerDeferred' });
    expect(await invoke()).toMatchObject({ route: { runner: 'human' }, facts: { test_status: 'DEFER', test_reason: reason } });
    expect(await result()).toMatchObject({ result: 'DEFER', reason, attempt: 3 });
    expect(await stored('attempt-2.json')).toContain(`"reason":"${reason}"`);
    // A retry or redrive answers from what is there.
    expect((await invoke()).route).toEqual({ runner: 'human' });
    // A shell on a busy machine may not have got that far within its second.
    if (check.command[0] === 'sh' && reason !== 'timeout') expect(readFileSync(join(checkout, 'tries'), 'utf8')).toBe('x\nx\nx\n');
  });

  it('takes the verdict of a later attempt', async () => {
    const { invoke, result } = job(sh('if [ -e seen ]; then exit 0; fi; touch seen; exit 75'));
    await expect(invoke()).rejects.toMatchObject({ name: 'RunnerDeferred' });
    expect((await invoke()).route).toEqual({ runner: 'pass' });
    expect(await result()).toMatchObject({ result: 'PASS', attempt: 2 });
  });

  it('runs a command once, however often the state is retried', async () => {
    const { checkout, invoke } = job(sh('echo x >> tries'));
    for (let n = 0; n < 3; n++) expect((await invoke()).route).toEqual({ runner: 'pass' });
    expect(readFileSync(join(checkout, 'tries'), 'utf8')).toBe('x\n');
  });

  it('asks a person where there is no contract, or one that cannot be read', async () => {
    const none = job(null);
    expect((await none.invoke()).facts).toMatchObject({ test_status: 'NOT_RUN', test_reason: 'no_contract' });
    expect(await none.result()).toMatchObject({ message: expect.stringContaining('write holdpoint.checks.json') });
    const bad = job(sh('exit 0', { cwd: '../..' }));
    expect((await bad.invoke()).facts).toMatchObject({ test_status: 'NOT_RUN', test_reason: 'no_contract' });
    expect(await bad.result()).toMatchObject({ message: expect.stringContaining('/checks/0/cwd') });
  });

  it("leaves other repositories than the project's own alone until they are listed", async () => {
    const other = job(sh('exit 0'), { repository: 'acme/other' });
    expect((await other.invoke()).facts).toMatchObject({ test_reason: 'out_of_scope' });
    await set('test_runner_repos', ['acme/other']);
    expect((await other.invoke(2)).route).toEqual({ runner: 'pass' });
    expect((await job(sh('exit 0')).invoke()).facts).toMatchObject({ test_reason: 'out_of_scope' });
    await set('test_runner_repos', []);
  });

  it('gives no verdict when the report was edited', async () => {
    const { invoke, stored, job_id } = job(sh('exit 1'));
    expect((await invoke()).route).toEqual({ runner: 'fail' });
    const edited = ((await stored('report.md')) ?? '').replace('result: FAIL', 'result: PASS').replace('status: failed', 'status: passed');
    await world.artifacts.put(`jobs/${job_id}/outputs/runner/test/1/report.md`, edited, 'text/markdown');
    expect(await invoke()).toMatchObject({ route: { runner: 'human' }, facts: { test_status: 'DEFER', test_reason: 'report_disagrees' } });
  });

  it('maps the staging check the same way, by its own switch', async () => {
    const staging = (script: string) => job(sh(script, { purpose: 'staging' }), { state: 'StagingChecks' });
    expect((await staging('exit 0').invoke()).facts).toMatchObject({ staging_status: 'NOT_RUN', staging_reason: 'disabled' });
    await set('staging_runner_enabled', true);
    expect(await staging('exit 0').invoke()).toMatchObject({ route: { runner: 'pass' }, facts: { staging_status: 'PASS' } });
    const failed = staging('exit 1');
    expect(await failed.invoke()).toMatchObject({ route: { runner: 'fail' }, facts: { staging_status: 'FAIL' } });
    expect(await failed.stored('report.md')).toContain('\nstaging_status: FAIL\n');
    await expect(staging('exit 75').invoke()).rejects.toMatchObject({ name: 'RunnerDeferred' });
  });

  it('begins no check while the kill switch halts', async () => {
    const { invoke, stored } = job(sh('exit 0'));
    await createSwitchCommands(world).kill({ halt: true, reason: 'a trial' }, by.actor);
    await expect(invoke()).rejects.toMatchObject({ name: 'KillSwitchActive' });
    expect(await stored('runner_result_v1.json')).toBeNull();
    await createSwitchCommands(world).release(by);
    expect((await invoke()).route).toEqual({ runner: 'pass' });
  });
});
