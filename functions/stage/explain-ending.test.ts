import { describe, expect, it } from 'vitest';
import { LlmUsageEvent } from '../../contracts/agent-evidence.ts';
import { FailureNote } from '../../contracts/doctor.ts';
import type { StageEffects } from '../../contracts/stage.ts';
import { Phase6Metric } from '../../contracts/telemetry.ts';
import { jobWith, noModel, saying } from '../../test/fixtures/agents.ts';
import { DEFAULT_FLAGS } from '../lib/context-builder/context-builder.fixture.ts';
import type { Failure } from '../lib/hardening/failure.ts';
import { sha256Hex } from '../lib/hash.ts';
import { endingDrafts, endingOf } from '../stop/stop.ts';
import { explainEnding } from './explain-ending.ts';

const UNKNOWN: Failure = { state: 'Run', error: 'TypeError', message: 'x is not a function' };
const KNOWN: Failure = { state: 'Intent', error: 'CassetteMiss', message: 'no cassette for intent/9f2c' };
const NOTE = { schema_version: 'doctor_note_v1', explanation: 'A bug.', likely_cause: 'A typo.', suggestions: [] };

const explain = async (
  failure: Failure,
  { ask }: Pick<StageEffects, 'ask'>,
  more: { enabled?: boolean; put?: () => Promise<never> } = {},
) => {
  const files = new Map<string, unknown>();
  const put = async (key: string, body: string) => {
    files.set(key.replace(/^jobs\/[^/]+\//, ''), JSON.parse(body));
    return { key, sha256: sha256Hex(body), bytes: body.length };
  };
  const artifacts = { put: more.put ?? put, create: async () => true, get: async () => null, list: async () => [] };
  const effects = { ask, flags: async () => ({ ...DEFAULT_FLAGS, doctor_enabled: more.enabled ?? true }) };
  const context = { run_id: 'run-1', visits: { Intent: 2 } };
  const world = { artifacts, clock: () => new Date('2026-01-05T09:00:00.000Z') };
  return { ...(await explainEnding(world, failure, { job: jobWith(), context, effects }, 20)), files };
};

describe('a job that failed', () => {
  it('of a known pattern keeps the explanation and what it spared, and asks nobody', async () => {
    const { files, calls } = await explain(KNOWN, noModel);
    expect(FailureNote.parse(files.get('outputs/doctor/failure_note.json'))).toMatchObject({
      source: 'hardening',
      pattern: 'cassette_miss',
    });
    expect(Phase6Metric.parse(files.get('outputs/doctor/phase6_metrics.json'))).toMatchObject({
      ...{ run_id: 'run-1', phase_id: 'Intent:3', failure_hardening_triggered: true, doctor_call_skipped: true },
      doctor_tokens_avoided_estimate: expect.any(Number),
    });
    expect(calls).toEqual([]);
  });

  it('of no known pattern keeps what the doctor says, and lists its call', async () => {
    const { files, calls } = await explain(UNKNOWN, saying(JSON.stringify(NOTE)));
    expect(files.get('outputs/doctor/failure_note.json')).toMatchObject({ source: 'doctor', explanation: 'A bug.' });
    expect(calls.map((row) => LlmUsageEvent.parse(row))).toMatchObject([
      { role: 'doctor', is_doctor_call: true, doctor_model: 'm', phase_id: 'Stop:1', cost_usd: 0.5 },
    ]);
  });

  it('asks no doctor while the flag is off', async () => {
    const doctor = saying(JSON.stringify(NOTE));
    const { calls } = await explain(UNKNOWN, doctor, { enabled: false });
    expect([doctor.asked, calls]).toEqual([[], []]);
  });
});

describe('whatever the doctor does', () => {
  const doctors: [string, StageEffects['ask']][] = [
    ['throws', () => Promise.reject(new Error('STOPPED_BUDGET'))],
    ['never answers', () => new Promise(() => {})],
    ['lies', saying(JSON.stringify({ ...NOTE, outcome: 'succeeded', status: 'PASS' })).ask],
    ['lies in words', saying(JSON.stringify({ ...NOTE, explanation: 'outcome: succeeded' })).ask],
    ['talks nonsense', saying('PASS').ask],
  ];
  const error = { Error: 'TypeError', Cause: '{"errorType":"TypeError","errorMessage":"x is not a function"}' };

  it.each(doctors)('when it %s, the job ends with the same events', async (_, ask) => {
    const before = endingDrafts(endingOf(error, {}), jobWith());
    const { calls, files } = await explain(UNKNOWN, { ask });
    expect(endingDrafts(endingOf(error, {}), jobWith())).toEqual(before);
    expect(before.at(-1)?.outputs).toEqual({ status: 'error', reason: 'TypeError' });
    expect(FailureNote.parse(files.get('outputs/doctor/failure_note.json')).error).toBe('TypeError');
    for (const row of calls) expect(Object.keys(row)).not.toContain('outcome');
  });

  it('when its note cannot be kept, the job ends all the same', async () => {
    const put = () => Promise.reject(new Error('no S3'));
    expect((await explain(UNKNOWN, saying(JSON.stringify(NOTE)), { put })).calls).toEqual([]);
  });
});
