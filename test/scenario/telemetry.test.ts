import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readEnv } from '../../adapters/env.ts';
import { createWorld, type World } from '../../adapters/world.ts';
import type { JobEvent } from '../../contracts/events.ts';
import { TELEMETRY_KEYS, TELEMETRY_TABLES, type TelemetryTable } from '../../contracts/telemetry.ts';
import { TelemetryPage } from '../../contracts/telemetry-query.ts';
import { eventId } from '../../functions/lib/event.ts';
import { fold } from '../../functions/lib/fold.ts';
import { jobPrefix, readListing } from '../../functions/lib/notification/keys.ts';
import { walk } from '../../functions/lib/telemetry/phases.ts';
import { NAMED_QUERIES } from '../../functions/lib/telemetry/queries.ts';
import { keepTelemetry } from '../../functions/stage/telemetry.ts';
import type { CloudOptions } from '../../infra/local/cloud.ts';
import { functionVariables } from '../../infra/local/settings.ts';
import { call, driveToEnd, startTestCloud, submit, type TestCloud, until, untilSettled } from '../support/cloud.ts';
import { ask, commandsOf, decide, ended, FAILED, idea, OPERATOR, saying, setFlag } from '../support/journeys/steps.ts';

const TABLES = Object.keys(TELEMETRY_TABLES) as TelemetryTable[];

let cloud: TestCloud;
let world: World;
let web: string;
/** What each job did, by how it ended. */
const jobs: Record<string, string> = {};
const outcomes: Record<string, string | null> = {};
let unmeasured = '';

/** What functions said of errors. */
const lines: string[] = [];
const hear = (): void => {
  const { stderr } = process;
  const write = stderr.write.bind(stderr);
  vi.spyOn(stderr, 'write').mockImplementation((line) =>
    String(line).startsWith('{"level":') ? lines.push(String(line)) > 0 : write(line),
  );
};

/** The functions cannot write to the telemetry bucket while this is set. */
let broken = false;
const intercept: CloudOptions['intercept'] = (handle) => async (request) =>
  broken && request.method === 'PUT' && request.path.includes('-telemetry/') ? FAILED : handle(request);

const logOf = (jobId: string): Promise<JobEvent[]> => world.log.read(jobId);
const stateOf = async (jobId: string) => {
  const state = fold(await logOf(jobId));
  if (!state) throw new Error(`there is no job ${jobId}`);
  return state;
};
const rowsOf = async <T extends TelemetryTable>(table: T, jobId: string) =>
  world.telemetry.read(table, jobId, (await stateOf(jobId)).created_at);

const submitted = async (name: string, spec: unknown): Promise<string> => {
  const { job_id } = await submit(web, spec);
  jobs[name] = job_id;
  return job_id;
};

/** Jobs end in every way that replay allows, one of them twice; the last one with an intention at the head of its context. */
const runMixture = async (): Promise<void> => {
  unmeasured = (await submit(web, idea('blueprint-breakout'))).job_id;
  await untilSettled(web, unmeasured, 'runspec');
  await setFlag(web, 'telemetry');
  await decide(web, unmeasured, 'runspec', 'reject');
  await ended(web, unmeasured);
  await driveToEnd(web, await submitted('succeeded', idea()));
  await driveToEnd(web, await submitted('guarded', idea('idea-guarded')));
  await driveToEnd(web, await submitted('gates_failed', idea('idea-reversal')));
  await decide(web, await submitted('rejected', idea('blueprint-breakout')), 'runspec', 'reject');
  const cancelled = await submitted('cancelled', idea('blueprint-breakout'));
  await untilSettled(web, cancelled, 'runspec');
  await ask(web, `/jobs/${cancelled}/cancel`, { body: { reason: 'not needed' } });
  await setFlag(web, 'intention_context');
  const unknown = await submitted('stopped_llm_error', saying('Nobody has asked this before.'));
  await ended(web, unknown);
  await commandsOf(cloud).redrive(unknown, { reason: 'try again', actor: OPERATOR });
  await until(
    () => logOf(unknown),
    (events) => events.filter(({ event_type }) => event_type === 'DONE').length === 2,
  );
  for (const [name, jobId] of Object.entries(jobs)) outcomes[name] = (await ended(web, jobId)).job.outcome;
};

beforeAll(async () => {
  hear();
  cloud = await startTestCloud({ environment: { HOLDPOINT_FLAGS_MAX_AGE_MS: '20', HOLDPOINT_LOG_LEVEL: 'ERROR' }, intercept });
  web = cloud.web;
  // Looks at what functions wrote, with more rights than any of them.
  world = createWorld(readEnv({ ...functionVariables(cloud.dataDir, cloud, {})('reconcile'), AWS_ACCESS_KEY_ID: 'local-setup' }));
  await runMixture();
}, 90_000);
afterAll(() => cloud.remove());

/** Until the function that ended the job has written its rows: they come after its last event. */
const complete = (jobId: string) =>
  until(
    async () => ({ rows: await rowsOf('token_efficiency_metrics', jobId), phases: walk(await logOf(jobId)).phases }),
    ({ rows, phases }) => rows.length >= phases.length,
  );

it('a job that was opened while the flag was off leaves no row, whatever the flag says when it ends', async () => {
  for (const table of TABLES) expect(await rowsOf(table, unmeasured)).toEqual([]);
});

it('every phase of every job has its row, each once: telemetry is complete', async () => {
  expect(outcomes).toMatchObject({ succeeded: 'succeeded', rejected: 'rejected', cancelled: 'cancelled', gates_failed: 'gates_failed' });
  for (const [name, jobId] of Object.entries(jobs)) {
    const { rows, phases } = await complete(jobId);
    const wanted = phases.map(({ run_id, state, visit, outcome }) => [run_id, `${state}:${visit}`, outcome]);
    expect(
      rows.map(({ run_id, phase_id, phase_outcome }) => [run_id, phase_id, phase_outcome]),
      name,
    ).toEqual(wanted);
    for (const table of TABLES) {
      const keys = (await rowsOf(table, jobId)).map((row) => TELEMETRY_KEYS[table].map((key) => Reflect.get(row, key)).join(' '));
      expect(new Set(keys).size, `${name} ${table}`).toBe(keys.length);
    }
  }
});

it('a phase is numbered as the log numbers it', async () => {
  for (const jobId of Object.values(jobs)) {
    const events = await logOf(jobId);
    const own = events.filter(({ actor, event_type }) => actor.type === 'stage' && !event_type.startsWith('WAITING'));
    const ids = new Set(
      walk(events).phases.map(({ state, visit }) => eventId(jobId, { state, visit, kind: 'result', event_type: 'DONE' })),
    );
    for (const event of own) expect(ids.has(event.event_id), `${event.actor.id} of ${jobId}`).toBe(true);
  }
});

it('what a guard stopped is BLOCKED, what failed is FAILED, in the execution that did it', async () => {
  const blocked = (await rowsOf('token_efficiency_metrics', jobs['guarded'] ?? '')).filter((row) => row.phase_outcome === 'BLOCKED');
  expect(blocked.map(({ phase_id }) => phase_id)).toEqual(['Intent:1']);
  const id = jobs['stopped_llm_error'] ?? '';
  const failed = (await rowsOf('token_efficiency_metrics', id)).filter((row) => row.phase_outcome === 'FAILED');
  expect(failed).toMatchObject([
    { run_id: `job-${id}-1`, phase_id: 'Intent:1', budget_mode: 'semantic' },
    { run_id: `job-${id}-2`, phase_id: 'Intent:1', budget_mode: 'semantic' },
  ]);
});

it('a failure that a pattern explained, and an intention that was injected, are in phase6_metrics', async () => {
  const rows = await rowsOf('phase6_metrics', jobs['stopped_llm_error'] ?? '');
  const intent = rows.filter(({ phase_id }) => phase_id === 'Intent:1');
  expect(intent).toHaveLength(2);
  for (const row of intent) {
    expect(row).toMatchObject({ failure_hardening_triggered: true, doctor_call_skipped: true, intention_context_injected: true });
    expect(row.doctor_tokens_avoided_estimate).toBeGreaterThan(0);
  }
});

it('model calls are the rows that the log lists', async () => {
  const rows = await rowsOf('llm_usage_events', jobs['succeeded'] ?? '');
  expect(rows.map(({ role, phase_id }) => [role, phase_id])).toEqual([
    ['intent', 'Intent:1'],
    ['report', 'Report:1'],
  ]);
});

const asked = async (sql: string) => call(web, `/telemetry?${new URLSearchParams({ sql }).toString()}`);

it('questions in SQL are answered from the rows, also those that ship', async () => {
  const { sql = '' } = NAMED_QUERIES['failure-hardening-effectiveness'] ?? {};
  expect(await asked(sql)).toMatchObject({ status: 200, body: { rows: [{ doctor_calls: 0, avoidance_rate: 1 }] } });
  const [run_id] = [`job-${jobs['succeeded']}-1`];
  const { body } = await asked(
    `SELECT phase_id, is_doctor_call, cost_usd, dt FROM llm_usage_events WHERE run_id = '${run_id}' ORDER BY at, phase_id`,
  );
  const dt = (await stateOf(jobs['succeeded'] ?? '')).created_at.slice(0, 10);
  expect(body).toEqual({
    columns: ['phase_id', 'is_doctor_call', 'cost_usd', 'dt'],
    rows: [
      { phase_id: 'Intent:1', is_doctor_call: false, cost_usd: 0, dt },
      { phase_id: 'Report:1', is_doctor_call: false, cost_usd: 0, dt },
    ],
    truncated: false,
  });
});

it.each([
  ['SELECT no_such FROM phase6_metrics', 'no such column: no_such'],
  ['SELECT * FROM sqlite_master', 'prohibited'],
])('%s is refused, and the refusal says why', async (sql, why) => {
  const { status, body } = await asked(sql);
  expect([status, body]).toMatchObject([400, { code: 'INVALID_INPUT', detail: expect.stringContaining(why) }]);
});

it('all rows can be had a page at a time', async () => {
  const count = await asked('SELECT COUNT(*) AS n FROM token_efficiency_metrics');
  const { body } = await call(web, '/telemetry/rows?table=token_efficiency_metrics');
  expect(TelemetryPage.parse(body)).toMatchObject({ next: null, rows: { length: (count.body as { rows: { n: number }[] }).rows[0]?.n } });
  expect(await call(web, '/telemetry/rows?table=jobs')).toMatchObject({ status: 400 });
});

it('written again, rows stay as they are', async () => {
  const id = jobs['stopped_llm_error'] ?? '';
  const before = await Promise.all(TABLES.map((table) => rowsOf(table, id)));
  for (let time = 0; time < 2; time++) expect(await keepTelemetry(world, await stateOf(id))).toBe(true);
  await ask(web, '/reconcile', { body: { all: true, restart_waiters: false } });
  expect(await Promise.all(TABLES.map((table) => rowsOf(table, id)))).toEqual(before);
});

it('rows that could not be written do not change how a job ends, and the reconciler writes them', async () => {
  const { job_id } = await submit(web, idea('blueprint-breakout'));
  await untilSettled(web, job_id, 'runspec');
  broken = true;
  const { job } = await driveToEnd(web, job_id);
  expect(job).toMatchObject({ status: 'DONE', outcome: 'succeeded' });
  const inTwoMinutes = new Date(Date.now() + 120_000).toISOString();
  await until(
    () => world.index.due(inTwoMinutes, 100),
    (due) => due.includes(job_id),
  );
  expect(await rowsOf('token_efficiency_metrics', job_id)).toEqual([]);
  // Whoever reads the alerts is told, and only once however often it is tried in vain.
  for (let pass = 0; pass < 2; pass++) {
    const { body } = await call(web, '/reconcile', { body: { all: true, restart_waiters: false } });
    const did = { job_id, did: expect.stringContaining('rows of telemetry could not be written') };
    expect(body).toMatchObject({ did: expect.arrayContaining([did]) });
  }
  const listed = readListing((await world.artifacts.list(jobPrefix(job_id))).map(({ key }) => key));
  expect(listed.filter(({ name }) => name.includes('-alert-'))).toHaveLength(1);
  broken = false;
  await call(web, '/reconcile', { body: { all: true, restart_waiters: false } });
  expect(await rowsOf('token_efficiency_metrics', job_id)).toHaveLength(8);
  expect(await world.index.due(inTwoMinutes, 100)).not.toContain(job_id);
});

it.each(['finish', 'web'])('rows that %s could not write are told in a line of the log, which names the job', async (by) => {
  const { job_id } = await submit(web, idea('blueprint-breakout'));
  await untilSettled(web, job_id, 'runspec');
  broken = true;
  if (by === 'web') await ask(web, `/jobs/${job_id}/cancel`, { body: { reason: 'not needed' } });
  else await driveToEnd(web, job_id);
  const told = await until(
    async () => lines.find((line) => line.includes(`telemetry of job ${job_id} was not written`)) ?? '',
    (line) => line !== '',
  );
  broken = false;
  expect(JSON.parse(told)).toMatchObject({ level: 'ERROR', ...(by === 'finish' ? { correlation_id: `job-${job_id}-1` } : {}) });
  await call(web, '/reconcile', { body: { all: true, restart_waiters: false } });
});

it('while telemetry is switched off nothing is written, but for a job that it was forced on', async () => {
  const { job_id } = await submit(web, idea('blueprint-breakout'));
  await untilSettled(web, job_id, 'runspec');
  await ask(web, '/flags/telemetry', { method: 'PUT', body: { value: false, reason: 'enough' } });
  await driveToEnd(web, job_id);
  await call(web, '/reconcile', { body: { all: true, restart_waiters: false } });
  expect(await rowsOf('token_efficiency_metrics', job_id)).toEqual([]);
  const state = await stateOf(job_id);
  expect(await keepTelemetry(world, { ...state, telemetry: 'forced' })).toBe(true);
  expect(await rowsOf('token_efficiency_metrics', job_id)).toHaveLength(8);
});
