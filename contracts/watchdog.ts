import * as z from 'zod';

/** Why a job that left work behind has no end: its execution ended, its stage shows no sign of life, or its time was up. */
export const NoTerminalSignal = z.enum([
  'NO_TERMINAL_SIGNAL_EXECUTION_GONE',
  'NO_TERMINAL_SIGNAL_STAGE_SILENT',
  'NO_TERMINAL_SIGNAL_TIMEOUT',
]);
export type NoTerminalSignal = z.infer<typeof NoTerminalSignal>;

/** The step at which the watchdog asks a person, and the place of its events. It is no state of a machine. */
export const WATCHDOG = { step: 'watchdog', state: 'Watchdog' } as const;

/** What a person may answer: continue the job from its log, or end it. */
export const WatchdogAnswer = z.enum(['continue', 'stop']);
export type WatchdogAnswer = z.infer<typeof WatchdogAnswer>;
