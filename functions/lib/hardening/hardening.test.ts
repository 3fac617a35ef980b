import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CassetteMiss, EvidenceMismatch } from '../../../contracts/errors.ts';
import { GUARD_RULES } from '../../../contracts/guard.ts';
import { FAILURE_KINDS } from '../../../contracts/llm-journal.ts';
import { Phase6Metric } from '../../../contracts/telemetry.ts';
import { blueprintOf, exampleSpec, sampleSnapshot } from '../../../test/fixtures/market.ts';
import { compileBlueprint } from '../../compile/compile.ts';
import type { Failure } from './failure.ts';
import { harden, phase6Row } from './harden.ts';
import { FAILURE_PATTERNS } from './patterns.ts';

const stop = (message: string, error = 'STOPPED_LLM_ERROR'): Failure => ({ state: 'Intent', error, message });
const patternOf = (failure: Failure) => harden(failure)?.pattern ?? null;

describe('the patterns', () => {
  it('have names of their own, and say what happened and what to do', () => {
    const names = FAILURE_PATTERNS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, explanation, remedy, signs } of FAILURE_PATTERNS) {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect([explanation.endsWith('.'), remedy.endsWith('.'), signs.length > 0]).toEqual([true, true, true]);
    }
  });

  it.each(FAILURE_KINDS)('know the provider failure %s', (outcome) => {
    expect(patternOf({ ...stop('x'), attempts: [{ provider: 'glm', outcome, status: null }] })).not.toBeNull();
  });

  it.each(GUARD_RULES)('know the guard rule %s', (rule) => {
    expect(patternOf({ state: 'Intent', error: 'agent_output_invalid', message: '', findings: [rule] })).not.toBeNull();
  });
});

describe('a known failure', () => {
  it.each([
    ['no cassette for intent/9f2c… (prompt_version differs)', 'cassette_miss'],
    ['no provider answered intent (glm/glm-4.5: rate_limited (429), slow down); no cassette for intent/9f2c…', 'rate_limited'],
    [
      'no provider answered intent (glm/m: timeout, no answer within 10 ms; bedrock/a.claude-v1:0: quota (402)); no cassette',
      'quota_exhausted',
    ],
    ['no provider answered intent (anthropic/c: network_disabled, network disabled: the call was not made); it must', 'network_disabled'],
    ['no provider answered intent (anthropic/c: server_error (500)); no cassette', 'provider_error'],
  ])('"%s" is %s', (message, pattern) => expect(patternOf(stop(message))).toBe(pattern));

  it.each([
    ['STOPPED_BUDGET', 'no price is known for glm/x, number 1 of the chain', 'unknown_price'],
    ['STOPPED_BUDGET', 'the budget does not cover the next call', 'budget_exceeded'],
    ['States.Timeout', '', 'state_timeout'],
    [new EvidenceMismatch('').name, 'changed', 'evidence_mismatch'],
    [new CassetteMiss('', '', []).name, 'anything', 'cassette_miss'],
  ])('%s "%s" is %s', (error, message, pattern) => expect(patternOf(stop(message, error))).toBe(pattern));

  it('of the compiler is known by the words the compiler uses', () => {
    const { manifest: snapshot, bars } = sampleSnapshot();
    const rule = { type: 'sma_crossover', fast: 50, slow: 150 } as const;
    const spec = exampleSpec('idea-trend');
    const fail = (more: object): Failure => {
      try {
        compileBlueprint({ spec, blueprint: blueprintOf(rule, more), snapshot, bars });
      } catch (error) {
        if (error instanceof Error) return { state: 'Compile', error: error.name, message: error.message };
      }
      throw new Error('it compiled');
    };
    expect(patternOf(fail({ symbols: ['SPX', 'QQQ'] }))).toBe('unknown_symbol');
    expect(patternOf(fail({ evaluation: { start: '2010-01-04', end: '2013-12-31' } }))).toBe('look_ahead');
    expect(patternOf(fail({ train: { start: '2000-06-01', end: '2009-12-31' } }))).toBe('window_outside_idea');
    expect(patternOf(fail({ evaluation: { start: '2010-01-02', end: '2010-01-03' } }))).toBe('too_few_bars');
    const outside = 'the run 1999-01-04 to 2012-01-01 is outside snapshot sp500-2000, which covers 2000-01-03 to 2020-04-17';
    expect(patternOf({ state: 'Compile', error: 'CompileRefused', message: outside })).toBe('window_outside_snapshot');
  });

  it('says what the doctor would have taken', () => {
    const short = harden(stop('no cassette for x'));
    const long = harden(stop(`no cassette for ${'x '.repeat(1000)}`));
    expect(short).toMatchObject({ doctor_call_skipped: true });
    expect(long?.doctor_tokens_avoided_estimate).toBeGreaterThan((short?.doctor_tokens_avoided_estimate ?? 0) + 500);
  });
});

describe('an unknown failure', () => {
  it.each([
    ['Error', 'no cassette for intent/9f2c…'],
    ['PermanentError', 'symbol QQQ is not in snapshot x'],
    ['STOPPED_LLM_ERROR', 'the provider said "no cassette for you"'],
    ['TypeError', 'no provider answered'],
  ])('%s "%s" is not taken for a known one', (error, message) => expect(patternOf(stop(message, error))).toBeNull());

  it("a call that was answered in the end is not a provider's failure", () => {
    const attempts = (['timeout', 'answered'] as const).map((outcome) => ({ provider: 'glm', outcome, status: null }));
    expect(patternOf({ ...stop('x', 'TypeError'), attempts })).toBeNull();
  });

  it('no text makes it throw, or take long', () => {
    const wild = fc.string({ unit: 'binary', maxLength: 400 });
    fc.assert(fc.property(wild, wild, wild, (state, error, message) => void harden({ state, error, message })));
    for (const part of ['; a: ', ' has 1 bars in ', '(', 'symbol '])
      expect(patternOf(stop(`no provider answered x (${part.repeat(200_000)}`, 'CompileRefused'))).toBeNull();
  });
});

describe('the row', () => {
  const phase = { run_id: 'run-1', phase_id: 'Intent:1' };
  it('says that a pattern was known, and what that avoided', () => {
    const hardened = harden(stop('no cassette for x'));
    expect(Phase6Metric.parse(phase6Row(phase, { hardened, intention_context_injected: true }))).toEqual({
      ...phase,
      failure_hardening_triggered: true,
      doctor_call_skipped: true,
      doctor_tokens_avoided_estimate: hardened?.doctor_tokens_avoided_estimate,
      intention_context_injected: true,
    });
  });

  it('of a phase that went well is there all the same', () => {
    expect(Phase6Metric.parse(phase6Row(phase, { hardened: null, intention_context_injected: false }))).toMatchObject({
      ...{ failure_hardening_triggered: false, doctor_call_skipped: false, doctor_tokens_avoided_estimate: 0 },
    });
  });
});
