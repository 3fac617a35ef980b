import * as z from 'zod';
import type { StepPolicy } from '../../contracts/approval-policy.ts';
import type { Actor, EventDraft, JobEvent } from '../../contracts/events.ts';
import { ArtifactRef, type JobState } from '../../contracts/job-state.ts';
import { NoTerminalSignal, WATCHDOG, WatchdogAnswer } from '../../contracts/watchdog.ts';
import { type Subject, subjectDigest } from './subject.ts';

/** Executions a job is given without a person asking for another. */
export const MAX_AUTOMATIC_REDRIVES = 3;

const ACTOR: Actor = { type: 'system', id: 'watchdog', identity: 'none' };

/** What was found, in a value and in words. */
export type Finding = { signal: NoTerminalSignal; words: string };

/** One per execution of the job: whoever finds it again writes the same event. */
const place = (state: JobState) => ({ state: 'Control', visit: 1, ordinal: state.redrives, actor: ACTOR });

export const foundInWords = (run: string, status: string, newest: string | null): Finding['words'] => {
  if (status === 'RUNNING') return `execution ${run} runs, and nothing of it moved since ${newest ?? 'its start'}`;
  return status === 'TIMED_OUT'
    ? `execution ${run} used up the time of its machine`
    : `execution ${run} is ${status} and left no end of the job`;
};

export const timeoutDraft = (state: JobState, { signal, words }: Finding): EventDraft => ({
  ...place(state),
  event_type: 'JOB_TIMEOUT',
  message: words,
  outputs: { reason: signal, execution: state.owner_run },
});

export const recoveredDraft = (state: JobState, { signal, words }: Finding): EventDraft => ({
  ...place(state),
  event_type: 'STALE_RECOVERED',
  message: words,
  outputs: { reason: signal, execution: state.owner_run, recovery: state.automatic_redrives + 1, of: MAX_AUTOMATIC_REDRIVES },
});

const Result = z.object({ result: z.object({ artifacts: z.array(ArtifactRef.extend({ name: z.string() })) }) });

/** The newest of each artifact that stages left. */
const keptBy = (events: readonly JobEvent[]): Subject => {
  const all = events.flatMap(({ outputs }) => Result.safeParse(outputs).data?.result.artifacts ?? []);
  return [...new Map(all.map(({ name, key, sha256 }) => [name, { name, key, sha256 }])).values()];
};

/** The watchdog's question stays open: nobody is worse off while nothing runs. In seconds. */
const OPEN_FOR = 180 * 24 * 3600;

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const questionOf = (state: JobState, { words }: Finding, obstacle: string | null, kept: Subject): string =>
  [
    sentence(words),
    obstacle === null
      ? `It was continued ${state.automatic_redrives} times by itself, and not again.`
      : sentence(`it cannot be continued: ${obstacle}`),
    kept.length === 0 ? 'No stage left anything yet.' : `Kept so far: ${kept.map(({ name }) => name.replaceAll('_', ' ')).join(', ')}.`,
    'Continue the job from its log, or stop it?',
  ].join(' ');

/**
 * Hands a job to a person: what is there, why nobody works on it, and what may be answered.
 * @param obstacle why it cannot be continued by itself; null where it was, too often
 */
export const askDraft = (
  { state, events }: { state: JobState; events: readonly JobEvent[] },
  finding: Finding,
  { obstacle, rules, at }: { obstacle: string | null; rules: StepPolicy; at: string },
): EventDraft => {
  const here = { state: WATCHDOG.state, visit: state.redrives + 1 };
  const subject = keptBy(events);
  return {
    ...here,
    event_type: 'WAITING_HUMAN',
    kind: 'opened',
    step: WATCHDOG.step,
    actor: ACTOR,
    message: questionOf(state, finding, obstacle, subject),
    outputs: {
      ...here,
      subject,
      subject_digest: subjectDigest(here.state, here.visit, subject),
      choices: WatchdogAnswer.options,
      policy: { ...rules, expires_after: OPEN_FOR, remind_after: [], on_expiry: 'remind' },
      expires_at: new Date(Date.parse(at) + OPEN_FOR * 1000).toISOString(),
      reason: finding.signal,
      execution: state.owner_run,
    },
  };
};

const Asked = z.object({ reason: NoTerminalSignal, execution: z.string() });

/** The last events of a job that a person stopped when the watchdog asked: in time's name where time was up. */
export const stoppedDrafts = (state: JobState, events: readonly JobEvent[]): EventDraft[] => {
  const asked = events.findLast(({ event_type, step }) => event_type === 'WAITING_HUMAN' && step === WATCHDOG.step);
  const { reason, execution } = Asked.parse(asked?.outputs);
  const by = events.findLast(({ event_type, step }) => event_type === 'RESUMED' && step === WATCHDOG.step)?.actor.id;
  const message = `stopped by ${by}: ${reason}`;
  const timedOut = reason === 'NO_TERMINAL_SIGNAL_TIMEOUT';
  const first: EventDraft = timedOut
    ? timeoutDraft(state, { signal: reason, words: foundInWords(execution, 'TIMED_OUT', null) })
    : { ...place(state), event_type: 'ERROR', message, outputs: { reason, detail: message } };
  return [first, { ...place(state), event_type: 'DONE', message, outputs: { status: timedOut ? 'timed_out' : 'error', reason } }];
};
