import { describe, expect, it } from 'vitest';
import { FLAGS, FlagValues } from '../../../contracts/flags.ts';
import type { FoundProvider, SmokeCheckId, SmokeFindings } from '../../../contracts/smoke.ts';
import { inLog } from '../digest/problems.ts';
import { judgeSmoke, noGoWords, verdictOf } from './judge.ts';

const off = FlagValues.parse(Object.fromEntries(Object.entries(FLAGS).map(([name, flag]) => [name, flag.default])));
const log = { job_id: '0123456789ab', events: 7, head: null, signed_through: 7, digests: [1], interval_s: 10, problems: [], ok: true };

const good: SmokeFindings = {
  env: 'prod',
  mode: 'replay',
  buckets: [{ name: 'events', state: 'ok', detail: null }],
  table: { name: 'jobs', state: 'ok', detail: null, missing_indexes: [] },
  documents: [{ key: 'jobs/a/job_spec.json', version: 'job_spec_v1', reads: 'job_spec_v1' }],
  unread: null,
  providers: [],
  switches: { flags: off, readable: true },
  climbing: [],
  logs: [log],
};
const PASSED = { test_status: 'PASS', test_reason: 'none' };

const provider = (state: FoundProvider['state'], detail: string): Partial<SmokeFindings> => ({
  mode: 'live',
  providers: [{ position: 1, name: 'anthropic', state, detail }],
});
const flags = (changes: object): Partial<SmokeFindings> => ({ switches: { flags: { ...off, ...changes }, readable: true } });

type Facts = Record<string, string>;
const judged = (found: Partial<SmokeFindings>, facts: Facts = PASSED) => judgeSmoke({ ...good, ...found }, facts);

describe('an environment', () => {
  it('where everything is as it should be is a GO', () => {
    const checks = judged({});
    expect(checks.map(({ verdict }) => verdict)).toEqual(Array(7).fill('ok'));
    expect(verdictOf(checks)).toBe('GO');
  });

  it.each<[string, SmokeCheckId, Partial<SmokeFindings>, Facts, RegExp]>([
    ['a missing table', 'table', { table: { ...good.table, state: 'missing' } }, PASSED, /table jobs is missing: deploy/],
    ['a missing bucket', 'buckets', { buckets: [{ name: 'events', state: 'missing', detail: null }] }, PASSED, /bucket events is missing/],
    [
      'a bucket nobody may read',
      'buckets',
      { buckets: [{ name: 'events', state: 'unreachable', detail: 'AccessDenied' }] },
      PASSED,
      /cannot be reached \(AccessDenied\)/,
    ],
    ['an index of an older build', 'schema', { table: { ...good.table, missing_indexes: ['due'] } }, PASSED, /index due is missing/],
    [
      'a document of an older build',
      'schema',
      { documents: [{ key: 'jobs/a/job_spec.json', version: 'job_spec_v0', reads: 'job_spec_v1' }] },
      PASSED,
      /is of job_spec_v0, this build reads job_spec_v1; deploy the build that wrote it/,
    ],
    ['rows that cannot be read', 'schema', { unread: 'rows of the table (ZodError)' }, PASSED, /rows of the table \(ZodError\)/],
    ['an unreachable provider', 'providers', provider('unreachable', 'ECONNREFUSED'), PASSED, /cannot be reached: ECONNREFUSED/],
    ['a key that is refused', 'providers', provider('key_refused', 'status 401'), PASSED, /refuses the key: status 401/],
    ['a key that is missing', 'providers', provider('no_key', 'ANTHROPIC_API_KEY is not set'), PASSED, /has no key: ANTHROPIC_API_KEY/],
    ['failing tests', 'core_tests', {}, { test_status: 'FAIL', test_reason: 'exit_code' }, /came to FAIL \(exit_code\)/],
    ['tests that gave no verdict', 'core_tests', {}, { test_status: 'NOT_RUN', test_reason: 'disabled' }, /came to NOT_RUN \(disabled\)/],
    ['telemetry off with features on', 'telemetry', flags({ extended_contexts: true }), PASSED, /although extended_contexts is on: run/],
    [
      'telemetry off under a rollout at stage 1',
      'telemetry',
      { climbing: [{ job_id: 'aaaaaaaaaaaa', stage: 1 }] },
      PASSED,
      /although rollout aaaaaaaaaaaa stands at stage 1/,
    ],
    ['flags nobody can read', 'telemetry', { switches: { flags: off, readable: false } }, PASSED, /flags cannot be read/],
    [
      'a log somebody changed',
      'logs',
      { logs: [{ ...log, ok: false, problems: [inLog('edited', 3, 'event 3 was edited')] }] },
      PASSED,
      /log 0123456789ab is not as it was written \(edited: event 3 was edited\)/,
    ],
  ])('with %s is a NO-GO for that reason alone', (_, id, found, facts, reason) => {
    const checks = judged(found, facts);
    const failed = checks.filter(({ verdict }) => verdict === 'failed');
    expect(failed.map((check) => check.id)).toEqual([id]);
    expect(failed[0]?.reason).toMatch(reason);
    expect(verdictOf(checks)).toBe('NO_GO');
    expect(noGoWords({ checks })).toBe(`smoke says NO-GO: ${id}: ${failed[0]?.reason}`);
  });

  it.each<[string, SmokeCheckId, Partial<SmokeFindings>, Facts]>([
    ['no verdict of tests', 'core_tests', {}, {}],
    ['a provider that may not be called', 'providers', provider('not_called', 'network is disabled'), PASSED],
    ['no log to look at', 'logs', { logs: [] }, PASSED],
  ])('with %s says that it was not looked at, and why', (_, id, found, facts) => {
    const check = judged(found, facts).find((one) => one.id === id);
    expect(check?.verdict).toBe('skipped');
    expect(check?.reason.length).toBeGreaterThan(10);
  });

  it('takes the word of a person for tests that gave no verdict, and says that it was one', () => {
    const check = judged({}, { test_status: 'PASS', test_reason: 'person' }).find(({ id }) => id === 'core_tests');
    expect(check).toMatchObject({ verdict: 'ok', reason: 'a person said that the checks passed' });
  });

  it('with telemetry on may have every feature on', () => {
    const checks = judged({ ...flags({ telemetry: true, history_pack: true }), climbing: [{ job_id: 'aaaaaaaaaaaa', stage: 2 }] });
    expect(verdictOf(checks)).toBe('GO');
  });
});
