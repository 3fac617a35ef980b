import * as z from 'zod';
import type { World } from '../../adapters/world.ts';
import { StagePayload } from '../../contracts/context.ts';
import type { EventDraft } from '../../contracts/events.ts';
import type { JobState } from '../../contracts/job-state.ts';
import type { Artifact } from '../../contracts/stage.ts';
import { fold, toRecord } from '../lib/fold.ts';
import { commit, readOwned } from './commit.ts';
import { keepArtifacts, openInput, parsePayload } from './run-stage.ts';

export type EndRules<E> = {
  ending: (error: unknown, facts: Record<string, unknown>) => E & { outcome: string; message: string | null };
  drafts: (ending: E, job: JobState) => EventDraft[];
  /** Files that close the job's books. */
  books: (job: JobState) => Artifact[];
};

const Failed = z.object({ error: z.unknown().optional() });

/**
 * Ends a job that did not succeed: the books, then ERROR and DONE behind whatever the log holds by now. The
 * context may be meant for any state, since any state can fail; it must still be signed and of this execution.
 */
export const endJob = async <E>(world: World, rules: EndRules<E>, raw: unknown): Promise<{ outcome: string; cause: string }> => {
  const payload = parsePayload(StagePayload, raw);
  const context = await openInput(world, payload, null);
  const { error } = parsePayload(Failed, payload.input);
  const ending = rules.ending(error, context.facts);
  const { state: job } = await readOwned(world, context);
  if (job.status !== 'DONE') {
    await keepArtifacts(world, job.job_id, rules.books(job));
    let place = { ...context, last_seq: job.last_seq, last_hash: job.last_hash };
    for (const draft of rules.drafts(ending, job)) {
      const { event } = await commit(world, place, draft, { endsJob: true });
      place = { ...place, last_seq: event.seq, last_hash: event.hash };
    }
  }
  const after = fold(await world.log.read(job.job_id));
  if (after) await world.index.put(toRecord(after), null);
  return { outcome: ending.outcome, cause: ending.message ?? ending.outcome };
};
