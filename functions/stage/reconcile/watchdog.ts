import type { World } from '../../../adapters/world.ts';
import { policyOf } from '../../../contracts/approval-policy.ts';
import { type Commands, type ReconcileReport, Refusal } from '../../../contracts/commands.ts';
import { asError } from '../../../contracts/errors.ts';
import type { EventDraft } from '../../../contracts/events.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import { WATCHDOG } from '../../../contracts/watchdog.ts';
import { eventId, sealEvent } from '../../lib/event.ts';
import { evolve, findApproval, fold, toldWatchdog, toRecord } from '../../lib/fold.ts';
import { signalOf } from '../../lib/precedence.ts';
import {
  askDraft,
  type Finding,
  foundInWords,
  MAX_AUTOMATIC_REDRIVES,
  recoveredDraft,
  stoppedDrafts,
  timeoutDraft,
} from '../../lib/watchdog.ts';
import { nextLook } from '../open-job.ts';
import { measureSpend } from '../run-stage.ts';
import { appendDecided } from '../settle.ts';
import { showEnded } from '../telemetry.ts';
import { tell } from '../tell.ts';
import { findSpec, type Job, redrive, type Seen, specIsMissing } from './executions.ts';
import { say } from './report.ts';

/**
 * Writes down what was found, once, where the job stands as it was judged. Null where it moved on since: then the
 * judgement is of another job, and the next pass makes its own.
 */
const note = async (world: World, { state, events }: Job, draft: EventDraft): Promise<Job | null> => {
  const id = eventId(state.job_id, draft);
  if (events.some(({ event_id }) => event_id === id)) return { state, events };
  const event = sealEvent(draft, { ...state, run_id: state.owner_run, at: world.clock().toISOString() });
  if ((await world.log.append(event)) === 'appended') return { state: evolve(state, event), events: [...events, event] };
  const now = await world.log.read(state.job_id);
  const after = fold(now);
  return after && now.at(-1)?.event_id === id ? { state: after, events: now } : null;
};

/** Stops what still runs for a job that waits for a person, and for nobody else. */
export const stopExecution = async (world: World, { owner_run, job_id, kind }: JobState): Promise<void> =>
  world.executions(kind).stop(owner_run, 'Superseded', `job ${job_id} waits for a person to answer the watchdog`);

/** Order of a handover: the question, then the end of what still runs, then the projection and those who are told. */
const ask = async (world: World, job: Job, finding: Finding, obstacle: string | null): Promise<JobState | null> => {
  const rules = policyOf(world.env.HOLDPOINT_APPROVAL_POLICY, WATCHDOG.step);
  const asked = await note(world, job, askDraft(job, finding, { obstacle, rules, at: world.clock().toISOString() }));
  if (!asked) return null;
  const { state } = asked;
  await stopExecution(world, state);
  await world.index.put(toRecord(state), nextLook(world, state));
  if (state.status === 'WAITING_HUMAN') await tell(world, { kind: 'opened', n: 1 }, state, state.approval);
  return state;
};

/** A job that nobody works on gets another execution; after too many, or where there is no way to start one, a person is asked. */
export const recover = async (world: World, found: Job, seen: Seen, report: ReconcileReport): Promise<void> => {
  const { job_id, owner_run } = found.state;
  const finding = { signal: signalOf(seen.says), words: foundInWords(owner_run, seen.status, seen.newest_at) };
  const job = seen.says === 'timed_out' ? await note(world, found, timeoutDraft(found.state, finding)) : found;
  if (!job) return;
  const spent = job.state.automatic_redrives >= MAX_AUTOMATIC_REDRIVES;
  const obstacle = !spent && (await findSpec(world, job_id)) === null ? specIsMissing(job_id) : null;
  if (spent || obstacle !== null) {
    if (!(await ask(world, job, finding, obstacle))) return;
    report.asked += 1;
    say(report, job_id, `a person is asked: ${finding.signal}`);
    return;
  }
  const noted = await note(world, job, recoveredDraft(job.state, finding));
  if (!noted || !(await redrive(world, noted, finding.words))) return;
  report.recovered += 1;
  report.redriven += 1;
  say(report, job_id, `recovered: ${finding.words}`);
};

/** Ends a job as a person told the watchdog. */
const end = async (world: World, jobId: string): Promise<JobState> => {
  const events = await world.log.read(jobId);
  const state = fold(events);
  if (!state) throw new Error(`job ${jobId} has no log`);
  await stopExecution(world, state);
  let after = state;
  for (const draft of stoppedDrafts(state, events)) {
    const settled = await appendDecided<null>(world, jobId, (now, known) =>
      now.status === 'DONE' || known.some(({ event_id }) => event_id === eventId(jobId, draft)) ? { settled: null } : { draft },
    );
    after = settled.state;
  }
  measureSpend(world, after);
  await showEnded(world, after);
  return after;
};

/** Does what a person told the watchdog, as far as it is not done yet. True when there was something to do. */
export const carryOut = async (world: World, { state }: Pick<Job, 'state'>): Promise<boolean> => {
  const told = toldWatchdog(state);
  if (told === 'stop') await end(world, state.job_id);
  if (told !== 'continue') return told !== null;
  const by = findApproval(state, { state: WATCHDOG.state, visit: state.redrives + 1 })?.decision?.by;
  return redrive(world, { state }, 'the watchdog was answered "continue"', by && { actor: by });
};

/** @throws Refusal DECISION_CONFLICT where a job that should be continued cannot be */
export const refuseHopeless = async (world: World, jobId: string, answer: string): Promise<void> => {
  if (answer === 'continue' && (await findSpec(world, jobId)) === null && (await world.log.read(jobId, 0, 1)).length > 0)
    throw new Refusal('DECISION_CONFLICT', `job ${jobId} cannot be continued: ${specIsMissing(jobId)}`);
};

/** An answer to the watchdog is an answer like any other; what it says is then done. */
export const answerWatchdog = async (
  world: World,
  jobId: string,
  { answer, settle }: { answer: string; settle: (answer: string) => ReturnType<Commands['resume']> },
): ReturnType<Commands['resume']> => {
  const told = answer.trim().toLowerCase();
  await refuseHopeless(world, jobId, told);
  const view = await settle(told);
  const state = fold(await world.log.read(jobId));
  // The answer stands: what fails from here on is done by the next pass.
  if (state) await carryOut(world, { state }).catch((error: unknown) => world.report(asError(error)));
  return view;
};
