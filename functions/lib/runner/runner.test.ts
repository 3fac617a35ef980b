import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FLAG_NAMES, FLAGS, FlagValues } from '../../../contracts/flags.ts';
import { type RunnerResult, TestContract } from '../../../contracts/runner.ts';
import { canonicalJson } from '../canonical-json.ts';
import { refusalOf } from './gate.ts';
import { type Ending, verdictOf, withSmoke } from './outcome.ts';
import { agreedResult, readReport, renderReport } from './report.ts';

const ended = (code: number): Ending => ({ kind: 'exited', code });

describe('verdictOf', () => {
  it.each([
    [ended(0), 'PASS', null],
    [ended(1), 'FAIL', 'exit_code'],
    [ended(2), 'FAIL', 'exit_code'],
    [ended(255), 'FAIL', 'exit_code'],
    [ended(75), 'DEFER', 'exit_75'],
    [ended(126), 'DEFER', 'spawn_failed'],
    [ended(127), 'DEFER', 'spawn_failed'],
    [ended(137), 'DEFER', 'signal'],
    [{ kind: 'signal', signal: 'SIGSEGV' }, 'DEFER', 'signal'],
    [{ kind: 'timeout', seconds: 3 }, 'DEFER', 'timeout'],
    [{ kind: 'aborted' }, 'DEFER', 'aborted'],
    [{ kind: 'spawn_failed', message: 'ENOENT' }, 'DEFER', 'spawn_failed'],
  ] satisfies [Ending, string, string | null][])('%j is %s', (ending, result, reason) => {
    const verdict = verdictOf(ending);
    expect([verdict.result, 'reason' in verdict ? verdict.reason : null]).toEqual([result, reason]);
  });

  it('gives PASS for exit 0 alone, and PASS or FAIL for ordinary exits alone, whatever a tool may do', () => {
    const word = fc.string();
    const endings: fc.Arbitrary<Ending> = fc.oneof(
      fc.record({ kind: fc.constant('exited'), code: fc.integer({ min: 0, max: 255 }) }),
      fc.record({ kind: fc.constant('signal'), signal: word }),
      fc.record({ kind: fc.constant('timeout'), seconds: fc.nat() }),
      fc.record({ kind: fc.constant('aborted') }),
      fc.record({ kind: fc.constant('spawn_failed'), message: word }),
    );
    fc.assert(
      fc.property(endings, (ending) => {
        const { result } = verdictOf(ending);
        const code = ending.kind === 'exited' ? ending.code : null;
        const toolError = code === null || [75, 126, 127].includes(code) || (code > 128 && code < 160);
        expect(result).toBe(toolError ? 'DEFER' : code === 0 ? 'PASS' : 'FAIL');
      }),
    );
  });
});

describe('withSmoke', () => {
  const contract = { url_env: 'HOLDPOINT_URL', timeout_seconds: 1, serial_gate: 'open' as const };
  const probe = (path: string, status: number | null, problem: string | null = null) => ({ path, status, problem });
  const good = ['/healthz', '/status', '/queue'].map((path) => probe(path, 200));
  const judge = (probes: typeof good, serial_gate: 'open' | 'closed' | null = 'open') =>
    withSmoke(verdictOf(ended(0)), contract, { probes, serial_gate });

  it('takes a PASS away where an answer is bad, and defers where there is none to judge', () => {
    expect(judge(good).result).toBe('PASS');
    expect(judge([probe('/healthz', 500)])).toMatchObject({ result: 'FAIL', reason: 'smoke' });
    expect(judge([probe('/queue', 200, 'HTTP 200 without a serial_gate')])).toMatchObject({ result: 'FAIL', reason: 'smoke' });
    expect(judge([probe('/healthz', null, 'ECONNREFUSED')])).toMatchObject({ result: 'DEFER', reason: 'smoke_unanswered' });
    for (const status of [401, 403, 429]) {
      expect(judge([probe('/status', status)])).toMatchObject({ result: 'DEFER', reason: 'smoke_unanswered' });
    }
    expect(judge(good, 'closed')).toMatchObject({ result: 'DEFER', reason: 'serial_gate' });
  });

  it('gives no PASS to a command that did not pass', () => {
    const seen = { probes: good, serial_gate: 'open' as const };
    expect(withSmoke(verdictOf(ended(1)), contract, seen).result).toBe('FAIL');
    expect(withSmoke(verdictOf(ended(75)), contract, seen).result).toBe('DEFER');
    const silent = { probes: [probe('/healthz', null)], serial_gate: null };
    expect(withSmoke(verdictOf(ended(1)), contract, silent).result).toBe('FAIL');
  });
});

describe('refusalOf', () => {
  const flags = (set: Partial<FlagValues>): FlagValues =>
    FlagValues.parse({ ...Object.fromEntries(FLAG_NAMES.map((name) => [name, FLAGS[name].default])), ...set });

  it('refuses while the switch of the purpose is off, whatever the scope', () => {
    const on = flags({ test_runner_enabled: true, staging_runner_repos: ['app'] });
    expect(refusalOf(flags({}), 'test', 'app', 'app')?.reason).toBe('disabled');
    expect(refusalOf(on, 'test', 'app', 'app')).toBeNull();
    expect(refusalOf(on, 'staging', 'app', 'app')?.reason).toBe('disabled');
  });

  it("takes an empty scope for the project's own repository only, and a list for exactly what it names", () => {
    expect(refusalOf(flags({ test_runner_enabled: true }), 'test', 'other', 'app')).toMatchObject({ reason: 'out_of_scope' });
    const listed = flags({ test_runner_enabled: true, test_runner_repos: ['acme/app'] });
    expect(refusalOf(listed, 'test', 'acme/app', 'app')).toBeNull();
    expect(refusalOf(listed, 'test', 'app', 'app')?.message).toContain('"app" is not in the scope of test_runner_repos');
  });
});

const output = { text: 'ok ``` fine\n', bytes: 12, truncated: false, redactions: 0 };
const ran = { attempt: 1, command: ['true'], at: '2026-01-01T00:00:00.000Z', duration_ms: 5, output, smoke: null };
const resultFor = (purpose: 'test' | 'staging'): RunnerResult => ({
  ...{ schema_version: 'runner_result_v1', purpose, repository: 'app', ...ran },
  ...{ result: 'FAIL', reason: 'exit_code', exit_code: 1, message: 'the command exited with 1' },
});

describe('report.md', () => {
  const text = canonicalJson(resultFor('test'));
  const report = renderReport(resultFor('test'), text);

  it('agrees with the result it was made from', () => {
    expect(readReport(report)).toMatchObject({ agreed: true, front: { result: 'FAIL', status: 'failed', attempt: 1 } });
    expect(agreedResult(text, report)).toEqual({ agreed: true, result: resultFor('test') });
    const staging = canonicalJson(resultFor('staging'));
    expect(renderReport(resultFor('staging'), staging)).toContain('\nstaging_status: FAIL\n');
    expect(agreedResult(staging, renderReport(resultFor('staging'), staging)).agreed).toBe(true);
  });

  it.each([
    ['a result that was edited', (r: string) => r.replace('result: FAIL', 'result: PASS')],
    ['a status that was edited', (r: string) => r.replace('status: failed', 'status: passed')],
    ['both, edited alike', (r: string) => r.replace('result: FAIL', 'result: PASS').replace('status: failed', 'status: passed')],
    ['a field that stands twice', (r: string) => r.replace('result: FAIL', 'result: FAIL\nresult: PASS')],
    ['a field that stands twice, the true one last', (r: string) => r.replace('result: FAIL', 'result: PASS\nresult: FAIL')],
    ['a field that is gone', (r: string) => r.replace('status: failed\n', '')],
    ['a field too many', (r: string) => r.replace('attempt: 1', 'attempt: 1\nverdict: PASS')],
    ['a staging status where none belongs', (r: string) => r.replace('attempt: 1', 'staging_status: FAIL\nattempt: 1')],
    ['front matter that does not end', (r: string) => r.replaceAll('---', '--')],
    ['front matter behind something', (r: string) => `\n${r}`],
    ['no front matter', (r: string) => r.slice(r.lastIndexOf('---') + 4)],
    ['nothing', () => ''],
  ])('gives no verdict with %s', (_, edit) => {
    expect(edit(report)).not.toBe(report);
    expect(agreedResult(text, edit(report)).agreed).toBe(false);
  });

  it('gives no verdict with a result file that was edited, and none with the report of another purpose', () => {
    expect(agreedResult(text.replace('"exit_code":1', '"exit_code":2'), report).agreed).toBe(false);
    const staging = canonicalJson(resultFor('staging'));
    const edited = renderReport(resultFor('staging'), staging).replace('staging_status: FAIL', 'staging_status: PASS');
    expect(readReport(edited)).toMatchObject({ agreed: false, problem: expect.stringContaining('staging_status') });
  });

  it('cannot be closed early by what the command printed', () => {
    expect(report).toContain('````text\nok ``` fine\n````');
  });
});

describe('test_contract_v1', () => {
  const contract = (check: Record<string, unknown>) => ({
    schema_version: 'test_contract_v1',
    checks: [{ purpose: 'test', command: ['true'], timeout_seconds: 5, ...check }],
  });

  it.each([
    { cwd: '../other' },
    { cwd: '/tmp' },
    { cwd: 'a/../../b' },
    { command: [] },
    { command: [''] },
    { command: 'npm test' },
    { timeout_seconds: 0 },
    { env: ['GITHUB_TOKEN'] },
    { env: ['AWS_PROFILE'] },
    { env: ['OPENAI_API_KEY'] },
    { shell: true },
  ])('refuses %j', (check) => {
    expect(TestContract.safeParse(contract({})).success).toBe(true);
    expect(TestContract.safeParse(contract(check)).success).toBe(false);
  });

  it('has one check for a purpose', () => {
    const { checks } = contract({});
    expect(TestContract.safeParse({ schema_version: 'test_contract_v1', checks: [...checks, ...checks] }).success).toBe(false);
  });
});
