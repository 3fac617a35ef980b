import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventDraft } from '../../contracts/events.ts';
import type { ExecutionStatus } from '../../contracts/ports.ts';
import { WATCHDOG } from '../../contracts/watchdog.ts';
import { decideAnswer } from './decide.ts';
import { DIGEST, done, given, PERSON, POLICY, STAGE, submitted, waiting } from './fold.fixture.ts';
import { fold } from './fold.ts';
import {
  asksExecution,
  EXECUTION_SAYS,
  executionSays,
  LOG_SAYS,
  logSays,
  PRECEDENCE,
  ROW_PRECEDENCE,
  ROW_SAYS,
  rowSays,
  signalOf,
} from './precedence.ts';
import { askDraft, recoveredDraft } from './watchdog.ts';

const TABLE = `
              absent         alive          silent         ended          timed_out
none          nothing        nothing        nothing        nothing        nothing
done          nothing        nothing        nothing        nothing        nothing
cancelled     finish_cancel  finish_cancel  finish_cancel  finish_cancel  finish_cancel
told_stop     end            end            end            end            end
told_continue redrive        redrive        redrive        redrive        redrive
asks          nothing        stop           stop           nothing        nothing
recovering    redrive        redrive        redrive        redrive        redrive
decided       deliver        deliver        deliver        deliver        deliver
waits         start          nothing        nothing        recover        recover
runs          start          nothing        recover        recover        recover`;

const parsed = (): Record<string, Record<string, string>> => {
  const [head, ...rows] = TABLE.trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return Object.fromEntries(
    rows.map(([log = '', ...acts]) => [log, Object.fromEntries((head ?? []).map((execution, i) => [execution, acts[i] ?? '']))]),
  );
};

describe('log over execution', () => {
  it('is decided for every pair, as this table says', () => {
    expect(PRECEDENCE).toEqual(parsed());
    expect(Object.keys(PRECEDENCE).sort()).toEqual([...LOG_SAYS].sort());
    for (const log of LOG_SAYS) expect(Object.keys(PRECEDENCE[log])).toEqual([...EXECUTION_SAYS]);
  });

  it('never gives an execution to a job that ended, was cancelled, or that a person was asked about', () => {
    for (const log of ['none', 'done', 'cancelled', 'told_stop', 'asks'] as const)
      for (const execution of EXECUTION_SAYS) expect(['start', 'redrive', 'recover']).not.toContain(PRECEDENCE[log][execution]);
  });

  it('asks for the execution only where it makes a difference', () => {
    expect(LOG_SAYS.filter(asksExecution)).toEqual(['asks', 'waits', 'runs']);
  });

  it('reads every status of Step Functions, and a quiet one as silent only while it runs', () => {
    const all: (ExecutionStatus | 'NOT_FOUND')[] = [
      ...(['NOT_FOUND', 'RUNNING', 'PENDING_REDRIVE', 'SUCCEEDED', 'FAILED', 'ABORTED', 'TIMED_OUT'] as const),
    ];
    expect(all.map((status) => executionSays(status, false))).toEqual(['absent', 'alive', 'alive', 'ended', 'ended', 'ended', 'timed_out']);
    expect(all.map((status) => executionSays(status, true))).toEqual([
      'absent',
      'silent',
      'silent',
      'ended',
      'ended',
      'ended',
      'timed_out',
    ]);
  });

  it('names why there is no terminal signal', () => {
    expect(EXECUTION_SAYS.map(signalOf)).toEqual([
      'NO_TERMINAL_SIGNAL_EXECUTION_GONE',
      'NO_TERMINAL_SIGNAL_EXECUTION_GONE',
      'NO_TERMINAL_SIGNAL_STAGE_SILENT',
      'NO_TERMINAL_SIGNAL_EXECUTION_GONE',
      'NO_TERMINAL_SIGNAL_TIMEOUT',
    ]);
  });
});

describe('log over projection', () => {
  it('writes the row from the log, but for one that knows more than the log', () => {
    expect(ROW_SAYS.map((row) => ROW_PRECEDENCE[row])).toEqual(['write', 'write', 'write', 'report']);
    expect([null, { last_seq: 3 }, { last_seq: 4 }, { last_seq: 5 }].map((row) => rowSays(row, { last_seq: 4 }))).toEqual([...ROW_SAYS]);
  });
});

const redriven: EventDraft = { event_type: 'REDRIVEN', state: 'Control', visit: 1, actor: STAGE, outputs: { owner_run: 'run-2' } };
const FINDING = { signal: 'NO_TERMINAL_SIGNAL_STAGE_SILENT', words: 'nothing moved' } as const;
const ASKING = { obstacle: null, rules: POLICY, at: '2026-01-01T00:00:00.000Z' };
const stateAfter = (...drafts: EventDraft[]) => {
  const events = given(submitted, ...drafts);
  const state = fold(events);
  if (!state) throw new Error('nothing folded');
  return { state, events };
};
const says = (...drafts: EventDraft[]) => {
  const { state, events } = stateAfter(...drafts);
  return logSays(state, events.at(-1), false);
};
const asked = askDraft(stateAfter(), FINDING, ASKING);
const told = (answer: string): EventDraft => {
  const decided = decideAnswer(stateAfter(asked).state, { step: WATCHDOG.step, answer, actor: PERSON, channel: 'http' });
  if (!('draft' in decided)) throw new Error('already answered');
  return decided.draft;
};
const approved: EventDraft = {
  ...{ event_type: 'APPROVED', state: 'HoldBlueprint', visit: 1, step: 'blueprint', actor: PERSON },
  outputs: { state: 'HoldBlueprint', visit: 1, subject_digest: DIGEST },
};
const cancelled: EventDraft = { event_type: 'CANCELLED', state: 'Control', visit: 1, actor: PERSON };
const stale = recoveredDraft(stateAfter().state, FINDING);

describe('where a job stands by its log', () => {
  it('is told by its newest facts', () => {
    expect(logSays(null, undefined, false)).toBe('none');
    expect(says()).toBe('runs');
    expect(says(waiting())).toBe('waits');
    expect(says(stale)).toBe('recovering');
    expect(says(asked)).toBe('asks');
    expect(says(asked, told('continue'))).toBe('told_continue');
    expect(says(asked, told('stop'))).toBe('told_stop');
    expect(says(asked, told('continue'), redriven)).toBe('runs');
    expect(says(asked, told('stop'), done('error'))).toBe('done');
    expect(says(asked, told('continue'), cancelled)).toBe('cancelled');
  });

  it('is the same kind of answer for any log, and the end of a job outweighs everything', () => {
    const drafts = fc.constantFrom(waiting(), approved, stale, asked, told('continue'), told('stop'), redriven, cancelled, done('error'));
    fc.assert(
      fc.property(fc.array(drafts, { maxLength: 12 }), fc.boolean(), (list, undelivered) => {
        const { state, events } = stateAfter(...list);
        const log = logSays(state, events.at(-1), undelivered);
        expect(LOG_SAYS).toContain(log);
        expect(log === 'done').toBe(state.status === 'DONE');
        for (const execution of EXECUTION_SAYS) expect(PRECEDENCE[log][execution]).toBeTypeOf('string');
      }),
    );
  });
});

describe('the question of the watchdog', () => {
  it('covers the one that was open, which is asked again when the job is continued', () => {
    expect(stateAfter(waiting(), asked).state).toMatchObject({ status: 'WAITING_HUMAN', step: 'watchdog' });
    const after = stateAfter(waiting(), asked, told('continue')).state;
    expect(after).toMatchObject({ status: 'WAITING_APPROVAL', step: 'blueprint', approval: { decision: null } });
    expect(stateAfter(waiting(), approved, asked, told('continue')).state.status).toBe('RUNNING');
  });

  it('takes the answers it names, and no other', () => {
    expect(() => told('perhaps')).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT', message: expect.stringContaining('"continue" or "stop"') }),
    );
    expect(asked).toMatchObject({ step: 'watchdog', outputs: { choices: ['continue', 'stop'], reason: FINDING.signal } });
  });

  it('is one event for each execution, however often it is asked', () => {
    const again = askDraft(stateAfter(stale), FINDING, ASKING);
    expect([again.state, again.visit, again.kind]).toEqual([asked.state, asked.visit, asked.kind]);
    expect(askDraft(stateAfter(redriven), FINDING, ASKING).visit).toBe(asked.visit + 1);
  });
});
