import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createMeter } from '../../../adapters/metrics.ts';
import type { World } from '../../../adapters/world.ts';
import type { JobContext } from '../../../contracts/context.ts';
import type { EventDraft, JobEvent } from '../../../contracts/events.ts';
import { countedPass } from '../../../functions/digest/handler.ts';
import { EMPTY_LOG, sealEvent } from '../../../functions/lib/event.ts';
import { submitted, waiting } from '../../../functions/lib/fold.fixture.ts';
import { fold } from '../../../functions/lib/fold.ts';
import { commit } from '../../../functions/stage/commit.ts';
import { effectsOf } from '../../../functions/stage/effects.ts';
import { reconcile } from '../../../functions/stage/reconcile/pass.ts';
import { keepTelemetry } from '../../../functions/stage/telemetry.ts';
import { verifyJob } from '../../../functions/stage/verification.ts';
import { saying } from '../../fixtures/agents.ts';
import { grow, jobId, logOf, type ProofWorld, startProofWorld } from '../../support/proof-world.ts';
import { dataOf, stateOf } from '../alarm-state.ts';
import { alarmsOf } from './alarms.ts';

const OPENED = '2026-01-01T00:00:00.000Z';
const HOUR = 3_600_000;

const sealed = (id: string, drafts: readonly EventDraft[]): JobEvent[] =>
  drafts.reduce<JobEvent[]>((events, draft) => {
    const last = events.at(-1);
    const head = last ? { last_seq: last.seq, last_hash: last.hash } : EMPTY_LOG;
    return [...events, sealEvent(draft, { ...head, job_id: id, run_id: 'run-1', at: OPENED })];
  }, []);

/** The functions' own code over the local stores: what it measures decides about the alarms of `dev`. */
describe('an alarm on what functions measure', () => {
  let proof: ProofWorld;
  let lines: string[] = [];
  beforeAll(async () => {
    proof = await startProofWorld();
  });
  afterAll(() => proof.close());
  beforeEach(() => {
    lines = [];
  });

  const world = (more: Partial<World> = {}): World => ({
    ...proof.world,
    meter: createMeter({ HOLDPOINT_METRICS: 'emf', HOLDPOINT_ENV: 'dev' }, (line) => lines.push(line)),
    ...more,
  });
  const stateAfter = (id: string, of: World): string => {
    of.meter.flush('run-1');
    return stateOf(alarmsOf('dev').get(id) ?? expect.fail(`no alarm ${id}`), dataOf(lines));
  };

  test('goes off when writers of one log keep losing races', async () => {
    const id = jobId(1);
    const [first, ...rest] = logOf(id, 3);
    if (!first) throw new Error('no event');
    await grow(proof.world, [first, ...rest], true);
    const busy = world();
    const stale = { job_id: id, run_id: 'run-1', last_seq: first.seq, last_hash: first.hash };
    const late = (visit: number): EventDraft => ({
      ...submitted,
      event_type: 'RUN_COMPLETED',
      state: 'Late',
      visit,
      outputs: { trades: visit },
    });
    await commit(busy, stale, late(1));
    expect(stateAfter('append-conflicts', busy)).toBe('OK');
    for (let visit = 2; visit <= 51; visit++) await commit(busy, stale, late(visit));
    expect(stateAfter('append-conflicts', busy)).toBe('ALARM');
  });

  const executions =
    (events: number): World['executions'] =>
    (kind) => ({
      ...proof.world.executions(kind),
      status: async () => 'RUNNING',
      // Somebody works on it.
      history: async () => ({ events, newest_at: '9999-12-31T00:00:00.000Z' }),
    });
  const pass = (hours: number, events = 100): World =>
    world({
      timer: () => new Date(Date.parse(OPENED) + hours * HOUR),
      clock: () => new Date(Date.parse(OPENED) + hours * HOUR),
      executions: executions(events),
    });

  test('goes off when the oldest question is as old as the environment allows', async () => {
    const drafts = [submitted, waiting(1, undefined, { remind_after: [] })];
    await grow(proof.world, sealed(jobId(2), drafts), true);
    const state = await proof.world.index.waiting({ limit: 1 });
    expect(state.items[0]?.opened_at).toBe(OPENED);
    for (const [hours, expected] of [
      [71, 'OK'],
      [73, 'ALARM'],
    ] as const) {
      const now = pass(hours);
      await reconcile(now, { all: false, restartWaiters: false });
      expect(stateAfter('approval-age', now), `${hours} hours`).toBe(expected);
      lines = [];
    }
  });

  test('goes off when a row said something old for too long', async () => {
    const [first, ...rest] = sealed(jobId(3), [submitted, waiting(1, undefined, { remind_after: [] })]);
    if (!first) throw new Error('no event');
    await grow(proof.world, [first], true);
    for (const event of rest) await proof.world.log.append(event);
    const late = pass(1);
    await reconcile(late, { all: true, restartWaiters: false });
    expect(stateAfter('projection-lag', late)).toBe('ALARM');
    lines = [];
    const after = pass(2);
    await reconcile(after, { all: true, restartWaiters: false });
    expect(stateAfter('projection-lag', after)).toBe('OK');
  });

  test('goes off when an execution comes near the end of its history', async () => {
    for (const [events, expected] of [
      [19_999, 'OK'],
      [20_000, 'ALARM'],
    ] as const) {
      const now = pass(3, events);
      await reconcile(now, { all: true, restartWaiters: false });
      expect(stateAfter('history-events', now)).toBe(expected);
      lines = [];
    }
  });

  const context: JobContext = {
    ...{ job_id: jobId(4), run_id: 'run-1', state: 'Intent', mode: 'replay', last_seq: 1, last_hash: '0'.repeat(64), replay_until: 0 },
    ...{ schema_version: 'context_v1', visits: {}, refs: {}, facts: {}, key_id: 'k1', signature: '' },
  };
  const ask = async (of: World, times: number): Promise<void> => {
    const effects = effectsOf(of, context, 1, null);
    for (let i = 0; i < times; i++) {
      await effects.ask({
        ...{ agent: 'intent', model_alias: 'strategist', prompt_version: 'v1', output_schema_version: 'v1', output_schema: {} },
        ...{ messages: [{ role: 'user', content: 'q' }], variables: {}, settings: { temperature: 0, max_output_tokens: 10 }, n: i },
      });
    }
  };

  test.each([
    ['llm-spend', { cost_usd: 8 }],
    ['degraded-answers', { cost_usd: 0, degraded: true }],
  ])('%s goes off when answers add up to it', async (id, answer) => {
    const few = world({ model: saying('x', answer) });
    await ask(few, 2);
    expect(stateAfter(id, few)).toBe('OK');
    lines = [];
    const many = world({ model: saying('x', answer) });
    await ask(many, 5);
    expect(stateAfter(id, many)).toBe('ALARM');
  });

  test('telemetry-writes goes off when the rows of one job cannot be written', async () => {
    const job = fold(sealed(jobId(6), [submitted]));
    if (!job) throw new Error('no job');
    const ended = { ...job, status: 'DONE', outcome: 'succeeded', reason: null, telemetry: 'forced' } as const;
    const whole = world();
    expect(await keepTelemetry(whole, { ...ended, telemetry: 'off' })).toBe(true);
    expect(stateAfter('telemetry-writes', whole)).toBe('OK');
    const refused = { ...proof.world.log, read: async () => Promise.reject(new Error('no log today')) };
    const broken = world({ log: refused });
    expect(await keepTelemetry(broken, ended)).toBe(false);
    expect(stateAfter('telemetry-writes', broken)).toBe('ALARM');
  });

  test('goes off when a digest is gone, or somebody verifies a log that was cut short', async () => {
    const id = jobId(5);
    await grow(proof.world, logOf(id, 3), true);
    const signs = world();
    await countedPass(signs, { thorough: true });
    expect(stateAfter('audit-verification', signs)).toBe('OK');
    const digests = { ...proof.world.proof.digests, text: async () => null };
    const robbed = world({ proof: { ...proof.world.proof, digests } });
    await expect(countedPass(robbed, {})).rejects.toThrow('gone');
    expect(stateAfter('audit-verification', robbed)).toBe('ALARM');
    lines = [];
    const logs = { ...proof.world.proof.logs, versions: async () => (await proof.world.proof.logs.versions(id)).slice(0, 2) };
    const reader = world({ proof: { ...proof.world.proof, logs } });
    expect((await verifyJob(reader, id))?.ok).toBe(false);
    expect(stateAfter('audit-verification', reader)).toBe('ALARM');
  });
});
