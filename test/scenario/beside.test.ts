import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobEvent } from '../../contracts/events.ts';
import { ShadowReport } from '../../contracts/shadow.ts';
import type { Question } from '../../infra/local/simulator/simulator.ts';
import { approve, call, driveToEnd, type JobAnswer, startTestCloud, submit, type TestCloud } from '../support/cloud.ts';
import { ask, decide, ended, idea, saying } from '../support/journeys/steps.ts';

// Whole jobs, to every end, while doctor and shadow are off, honest, lying, or failing: none of it is seen in where a job goes (D3, D5).

/** What a live model drafts here: it passes the gates. */
const BLUEPRINT: unknown = JSON.parse(readFileSync(new URL('../../cassettes/intent/trend/expected.json', import.meta.url), 'utf8'));

const NONSENSE = 'Nobody can make sense of this.';
type Variant = 'off' | 'honest' | 'lying' | 'failing';

let variant: Variant = 'off';
let cloud: TestCloud;

const LIES = {
  shadow:
    '{"schema_version":"shadow_verdict_v1","verdict":"failed","each":[{"gate":"min_trades","verdict":"failed"}],"reason":"Set gates to failed."}',
  doctor: '{"schema_version":"doctor_note_v1","explanation":"outcome: succeeded","likely_cause":"None.","suggestions":[],"status":"PASS"}',
};

const answerOf = ({ user }: Question): string | undefined => {
  const [first = ''] = user;
  const agent = first.startsWith('Judge this backtest.') ? 'shadow' : first.startsWith('Explain this failure.') ? 'doctor' : null;
  if (agent === null) return first.includes(NONSENSE) ? 'nonsense' : undefined;
  if (variant === 'failing') throw new Error('the provider is broken');
  return variant === 'lying' ? LIES[agent] : undefined;
};

const live = (hypothesis: string) => saying(hypothesis, { llm: { mode: 'live' } });
const confirmed = async (spec: unknown): Promise<string> => {
  const { job_id } = await submit(cloud.web, spec);
  await approve(cloud.web, job_id, 'llm_live_confirm');
  return job_id;
};
const opened = async (spec: unknown): Promise<string> => (await submit(cloud.web, spec)).job_id;
const toEnd = (jobId: string): Promise<JobAnswer> => driveToEnd(cloud.web, jobId);

/** Ways a job can go, each to its end. */
const WAYS: Record<string, () => Promise<JobAnswer>> = {
  'succeeded, replayed': async () => toEnd(await opened(idea())),
  'succeeded, over an overridden guard': async () => toEnd(await opened(idea('idea-guarded'))),
  'succeeded, live': async () => toEnd(await confirmed(live('Trends go on for a while.'))),
  gates_failed: async () => toEnd(await opened(idea('idea-reversal'))),
  stopped_llm_error: async () => toEnd(await opened(saying('Nobody recorded this.'))),
  error: async () => toEnd(await confirmed(live(NONSENSE))),
  rejected: async () => {
    const jobId = await opened(idea());
    await decide(cloud.web, jobId, 'blueprint', 'reject');
    return ended(cloud.web, jobId);
  },
  stopped_budget: async () => {
    const jobId = await confirmed(live('A dear idea.'));
    for (let revision = 0; revision < 3; revision++) await decide(cloud.web, jobId, 'blueprint', 'revise');
    await decide(cloud.web, jobId, 'budget_escalation', 'reject');
    return ended(cloud.web, jobId);
  },
};

/** Everything of an event that says where a job goes and why; not what is new with every job. */
const routed = ({ event_type, step, actor, message, outputs }: JobEvent) => {
  const { status, reason, gates, passed, failed, guard_status, override, result, degraded } = outputs;
  const { route, facts } = { route: null, facts: null, ...(result as object) };
  return { event_type, step, actor, message, status, reason, gates, passed, failed, guard_status, override, degraded, route, facts };
};

const verdictOf = ({ job, events }: JobAnswer) => ({ outcome: job.outcome, degraded: job.degraded, events: events.map(routed) });

/** Where recordings answer, or nobody is asked, a lie is never heard: there, on is on. */
const HEARD = ['succeeded, live', 'error'];
const TRIED: readonly [Variant, readonly string[]][] = [
  ['off', Object.keys(WAYS)],
  ['honest', Object.keys(WAYS)],
  ['lying', HEARD],
  ['failing', HEARD],
];

type Told = Record<string, JobAnswer | undefined>;
const told: Partial<Record<Variant, Told>> = {};
const toldIn = (name: Variant): Told => told[name] ?? expect.fail(`${name} was not tried`);
const jobOf = (name: Variant, way: string): string => toldIn(name)[way]?.job.job_id ?? expect.fail(`there is no job ${way}`);
const fileOf = async (jobId: string, path: string) => call(cloud.web, `/jobs/${jobId}/artifacts/${path}`);
const shadowOf = async (jobId: string) => ShadowReport.parse((await fileOf(jobId, 'outputs/shadow/1/shadow_report.json')).body);

beforeAll(async () => {
  const environment = {
    HOLDPOINT_LLM_DISABLE_NETWORK: undefined,
    HOLDPOINT_LLM_RETRIES: '0',
    HOLDPOINT_LLM_TIMEOUT_SECONDS: '2',
    HOLDPOINT_BUDGET_CALLS: '3',
    HOLDPOINT_FLAGS_MAX_AGE_MS: '0',
  };
  cloud = await startTestCloud({ simulate: { answer: answerOf, answers: { blueprint_v1: BLUEPRINT } }, environment });
  for (const [name, ways] of TRIED) {
    variant = name;
    for (const flag of ['doctor_enabled', 'shadow_enabled'])
      await ask(cloud.web, `/flags/${flag}`, { method: 'PUT', body: { value: variant !== 'off' } });
    const ends = ways.map(async (way) => [way, await WAYS[way]?.()] as const);
    told[name] = Object.fromEntries(await Promise.all(ends));
  }
}, 120_000);
afterAll(() => cloud.remove());

describe('with doctor and shadow off, on and honest, lying, or failing', () => {
  it.each(Object.keys(WAYS))('a job ends the same, event by event: %s', (way) => {
    const off = verdictOf(toldIn('off')[way] ?? expect.fail('it did not end'));
    expect(off.outcome).toBe(way.split(',')[0]);
    const others = TRIED.filter(([name, ways]) => name !== 'off' && ways.includes(way));
    for (const [name] of others) expect(verdictOf(toldIn(name)[way] ?? expect.fail(`${name}: it did not end`)), name).toEqual(off);
  });
});

describe('the shadow', () => {
  it('while off leaves nothing, and is not asked', async () => {
    for (const way of ['succeeded, replayed', 'succeeded, live', 'gates_failed']) {
      const jobId = jobOf('off', way);
      expect((await fileOf(jobId, 'outputs/shadow/1/shadow_report.json')).status).toBe(404);
      expect(JSON.stringify(toldIn('off')[way]?.events)).not.toContain('shadow');
    }
  });

  it.each([
    ['succeeded, replayed', 7],
    ['succeeded, over an overridden guard', 5],
    ['gates_failed', 7],
  ])('answers from the shipped recordings offline: %s', async (way, agreed) => {
    expect(await shadowOf(jobOf('honest', way))).toMatchObject({ decisions: 7, compared: 7, agreed });
  });

  it('is billed and listed like any call of the job', async () => {
    const jobId = jobOf('honest', 'succeeded, live');
    expect((await shadowOf(jobId)).compared).toBeGreaterThan(0);
    const report = await fileOf(jobId, 'outputs/llm/llm_usage_report.json');
    expect(report.body).toMatchObject({ total: { calls: 3 }, by_agent: { shadow: { calls: 1 } } });
    expect((await fileOf(jobId, 'outputs/agents/shadow/1/llm_session.json')).status).toBe(200);
  });

  it('may disagree, which its report says and nothing else', async () => {
    expect(await shadowOf(jobOf('lying', 'succeeded, live'))).toMatchObject({
      ...{ compared: 2, agreed: 0 },
      rows: expect.arrayContaining([expect.objectContaining({ decision_id: 'gates/min_trades', shadow: 'failed', agrees: false })]),
    });
  });

  it('has its recording where its provider fails, and the job is not degraded by that', async () => {
    const jobId = jobOf('failing', 'succeeded, live');
    const { body } = await fileOf(jobId, 'outputs/agents/shadow/1/output.json');
    expect(body).toMatchObject({ labels: { degraded: true, replay_reason: 'provider_error' } });
    expect(toldIn('failing')['succeeded, live']?.job).toMatchObject({ degraded: false, mode: 'live' });
    expect(await (await fetch(`${cloud.web}/ui/jobs/${jobId}`)).text()).not.toContain('DEGRADED');
  });

  it('is counted in the metrics of all jobs', async () => {
    const { body } = await call(cloud.web, '/metrics');
    expect(body).toMatchObject({ shadow_compared: expect.any(Number), shadow_agreement: expect.any(Number) });
  });
});

it('the doctor is asked about the failure, and explains it only where it is on and understood', async () => {
  const sourceIn = async (name: Variant) => (await fileOf(jobOf(name, 'error'), 'outputs/doctor/failure_note.json')).body;
  expect(await sourceIn('honest')).toMatchObject({ source: 'doctor' });
  for (const name of ['off', 'lying', 'failing'] as const) expect(await sourceIn(name)).toMatchObject({ source: 'none' });
});
