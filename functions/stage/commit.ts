import type { World } from '../../adapters/world.ts';
import { AppendContention, JobEnded, Superseded } from '../../contracts/errors.ts';
import type { EventDraft, JobEvent } from '../../contracts/events.ts';
import type { JobState } from '../../contracts/job-state.ts';
import { eventId, type Head, sealEvent } from '../lib/event.ts';
import { fold } from '../lib/fold.ts';

/** Lost races before giving up; a Lambda retry then starts over from the log. */
const ATTEMPTS = 20;

export type Place = Head & { job_id: string; run_id: string };
export type Committed = {
  event: JobEvent;
  /** True when the log held this event already: its outputs, not the caller's, are the result. */
  recorded: boolean;
};

/** @throws Superseded where another execution owns the job */
const owned = (events: readonly JobEvent[], { job_id, run_id }: { job_id: string; run_id: string }): JobState => {
  const state = fold(events);
  if (!state) throw new Superseded(`job ${job_id} has no log`);
  if (state.owner_run !== run_id) throw new Superseded(`execution ${state.owner_run} owns job ${job_id} now; this one (${run_id}) ends`);
  return state;
};

/** Reads the log for the execution that believes to own the job. */
export const readOwned = async (world: World, place: { job_id: string; run_id: string; last_seq?: number }) => {
  const events = await world.log.read(place.job_id, 0, place.last_seq);
  return { events, state: owned(events, place) };
};

/** True where a stage that is still working has nothing left to do. */
const ended = (state: JobState): boolean => state.status === 'DONE' || state.cancelled;

/**
 * Appends a stage's event after `place`, without reading first. On a conflict the log is read: the same
 * event found there is this one; another owner ends this execution; otherwise the event goes behind the newest.
 * @throws Superseded, JobEnded, AppendContention
 */
export const commit = async (world: World, place: Place, draft: EventDraft): Promise<Committed> => {
  const id = eventId(place.job_id, draft);
  const at = world.clock().toISOString();
  let head: Head = place;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const event = sealEvent(draft, { ...place, ...head, at });
    if ((await world.log.append(event)) === 'appended') return { event, recorded: false };
    const events = await world.log.read(place.job_id, 0, place.last_seq);
    const existing = events.find((e) => e.event_id === id);
    // Also where another execution owns the job by now: that is a race too.
    if (!existing) world.meter.add('AppendConflicts', 1, place.job_id);
    const state = owned(events, place);
    if (existing) return { event: existing, recorded: true };
    if (ended(state)) {
      throw new JobEnded(`job ${place.job_id} is ${state.status === 'DONE' ? state.outcome : 'cancelled'}`);
    }
    head = state;
  }
  throw new AppendContention(`${ATTEMPTS} writers in a row were faster at job ${place.job_id}`);
};
