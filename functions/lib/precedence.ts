import type { JobEvent } from '../../contracts/events.ts';
import type { JobState } from '../../contracts/job-state.ts';
import type { ExecutionStatus } from '../../contracts/ports.ts';
import type { NoTerminalSignal } from '../../contracts/watchdog.ts';
import { asksWatchdog, toldWatchdog } from './fold.ts';

// What holds where log, projection and execution disagree (docs/decisions/0018). The log decides what the job is; the execution only
// whether somebody still works on it; the projection nothing.

/**
 * Where the job stands by its log. `told_…`: a person answered the watchdog, and that is not carried out yet. `recovering`: a recovery was
 * written down and its execution not. `decided`: an answer lies there that an open task token has not been given.
 */
export const LOG_SAYS =
  // biome-ignore format: one line of words
  ['none', 'done', 'cancelled', 'told_stop', 'told_continue', 'asks', 'recovering', 'decided', 'waits', 'runs'] as const;
export type LogSays = (typeof LOG_SAYS)[number];

/** What is left of the execution that the log names. `silent`: it runs, and nothing of it moved for too long. */
export const EXECUTION_SAYS = ['absent', 'alive', 'silent', 'ended', 'timed_out'] as const;
export type ExecutionSays = (typeof EXECUTION_SAYS)[number];

/** `ahead`: the row knows an event that the log does not have. */
export const ROW_SAYS = ['absent', 'behind', 'same', 'ahead'] as const;
export type RowSays = (typeof ROW_SAYS)[number];

/**
 * `start` the execution the log names · `stop` one that nobody waits for · `recover`: another execution, or a person where
 * that was tried too often · `redrive`: another execution · `end` what a person stopped.
 */
export type Act = 'nothing' | 'finish_cancel' | 'end' | 'redrive' | 'deliver' | 'start' | 'stop' | 'recover';

const ALWAYS = (act: Act): Record<ExecutionSays, Act> => ({ absent: act, alive: act, silent: act, ended: act, timed_out: act });

/** Log over execution: what is done for each pair. */
export const PRECEDENCE: Readonly<Record<LogSays, Readonly<Record<ExecutionSays, Act>>>> = {
  none: ALWAYS('nothing'),
  done: ALWAYS('nothing'),
  cancelled: ALWAYS('finish_cancel'),
  told_stop: ALWAYS('end'),
  told_continue: ALWAYS('redrive'),
  recovering: ALWAYS('redrive'),
  decided: ALWAYS('deliver'),
  asks: { absent: 'nothing', alive: 'stop', silent: 'stop', ended: 'nothing', timed_out: 'nothing' },
  // People may be silent: their wait has an expiry of its own.
  waits: { absent: 'start', alive: 'nothing', silent: 'nothing', ended: 'recover', timed_out: 'recover' },
  runs: { absent: 'start', alive: 'nothing', silent: 'recover', ended: 'recover', timed_out: 'recover' },
};

/** Log over projection: a row is written from the log, unless it proves that the log lost something. */
export const ROW_PRECEDENCE: Readonly<Record<RowSays, 'write' | 'report'>> = {
  absent: 'write',
  behind: 'write',
  same: 'write',
  ahead: 'report',
};

/** True where the execution makes a difference: only then it is asked for. */
export const asksExecution = (log: LogSays): boolean => new Set(Object.values(PRECEDENCE[log])).size > 1;

export const rowSays = (row: { last_seq: number } | null, state: { last_seq: number }): RowSays => {
  if (!row) return 'absent';
  if (row.last_seq === state.last_seq) return 'same';
  return row.last_seq < state.last_seq ? 'behind' : 'ahead';
};

/** @param undelivered whether an open task token has an answer in the log */
export const logSays = (state: JobState | null, last: JobEvent | undefined, undelivered: boolean): LogSays => {
  if (!state) return 'none';
  if (state.status === 'DONE') return 'done';
  if (state.cancelled) return 'cancelled';
  const told = toldWatchdog(state);
  if (told) return told === 'stop' ? 'told_stop' : 'told_continue';
  if (asksWatchdog(state)) return 'asks';
  if (last?.event_type === 'STALE_RECOVERED') return 'recovering';
  if (undelivered) return 'decided';
  return state.status === 'RUNNING' ? 'runs' : 'waits';
};

export const executionSays = (status: ExecutionStatus | 'NOT_FOUND', quiet: boolean): ExecutionSays => {
  switch (status) {
    case 'NOT_FOUND':
      return 'absent';
    case 'RUNNING':
    case 'PENDING_REDRIVE':
      return quiet ? 'silent' : 'alive';
    case 'TIMED_OUT':
      return 'timed_out';
    case 'SUCCEEDED':
    case 'FAILED':
    case 'ABORTED':
      return 'ended';
  }
};

/** Why there is no terminal signal, for executions that `recover` is for. */
export const signalOf = (execution: ExecutionSays): NoTerminalSignal => {
  if (execution === 'silent') return 'NO_TERMINAL_SIGNAL_STAGE_SILENT';
  return execution === 'timed_out' ? 'NO_TERMINAL_SIGNAL_TIMEOUT' : 'NO_TERMINAL_SIGNAL_EXECUTION_GONE';
};
