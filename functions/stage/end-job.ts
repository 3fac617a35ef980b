import * as z from 'zod';
import type { World } from '../../adapters/world.ts';
import { StagePayload } from '../../contracts/context.ts';
import { asError } from '../../contracts/errors.ts';
import type { EventDraft } from '../../contracts/events.ts';
import type { JobState } from '../../contracts/job-state.ts';
import type { Artifact } from '../../contracts/stage.ts';
import { eventId } from '../lib/event.ts';
import { fold } from '../lib/fold.ts';
import type { Failure } from '../lib/hardening/failure.ts';
import { commit, readOwned } from './commit.ts';
import { effectsOf } from './effects.ts';
import { explainEnding, phaseOf } from './explain-ending.ts';
import { keepArtifacts, measureSpend, openInput, parsePayload } from './run-stage.ts';
import { showEnded } from './telemetry.ts';

export type EndRules<E> = {
  ending: (error: unknown, facts: Record<string, unknown>) => E & { outcome: string; message: string | null };
  drafts: (ending: E, job: JobState) => EventDraft[];
  /** What there is to explain, of the state that failed; null where nothing went wrong. */
  failure: (ending: E, state: string) => Failure | null;
  /** Files that close the job's books. */
  books: (job: JobState) => Artifact[];
};

/** The state that ends jobs: the doctor's call is its own. */
const STOP = 'Stop';

const Failed = z.object({ error: z.unknown().optional() });

/**
 * Ends a job that did not succeed: an explanation, the books, then ERROR and DONE behind whatever the log holds by now. The
 * context may be meant for any state, since any state can fail; it must still be signed and of this execution.
 */
export const endJob = async <E>(world: World, rules: EndRules<E>, raw: unknown): Promise<{ outcome: string; cause: string }> => {
  const payload = parsePayload(StagePayload, raw);
  const context = await openInput(world, payload, null);
  const { error } = parsePayload(Failed, payload.input);
  const ending = rules.ending(error, context.facts);
  const { state: job, events } = await readOwned(world, context);
  // A cancelled job has one end, and whoever cancels writes it.
  if (job.status !== 'DONE' && !job.cancelled) {
    const failure = rules.failure(ending, context.state);
    const asking = { job, context, effects: effectsOf(world, { ...context, state: STOP }, 1, job) };
    const explained = failure && (await explainEnding(world, failure, asking));
    const calls = explained?.calls ?? [];
    await keepArtifacts(world, job.job_id, rules.books({ ...job, calls: [...job.calls, ...calls] }));
    let place = { ...context, last_seq: job.last_seq, last_hash: job.last_hash };
    // A try that died between the two events wrote the first already.
    const known = new Set(events.map(({ event_id }) => event_id));
    const left = rules.drafts(ending, job).filter((draft) => !known.has(eventId(job.job_id, draft)));
    for (const [at, draft] of left.entries()) {
      const failedIn = draft.event_type === 'DONE' ? {} : { phase_id: phaseOf(context.state, context.visits) };
      const listed = at === 0 && calls.length > 0 ? { calls } : {};
      const { event } = await commit(world, place, { ...draft, outputs: { ...draft.outputs, ...failedIn, ...listed } });
      place = { ...place, last_seq: event.seq, last_hash: event.hash };
    }
  }
  const log = await world.log.read(job.job_id);
  const after = fold(log);
  if (after) {
    measureSpend(world, after);
    await showEnded(world, after, log).catch((thrown: unknown) => world.report(asError(thrown)));
  }
  // The log decides: what it holds is what the execution ends with.
  const outcome = after?.status === 'DONE' ? after.outcome : ending.outcome;
  return { outcome, cause: (outcome === ending.outcome ? ending.message : null) ?? outcome };
};
