import type { World } from '../../adapters/world.ts';
import { type LoadedJob, Refusal } from '../../contracts/commands.ts';
import type { EventDraft, JobEvent } from '../../contracts/events.ts';
import type { JobState } from '../../contracts/job-state.ts';
import { sealEvent } from '../lib/event.ts';
import { evolve, fold } from '../lib/fold.ts';
import { showEnded } from './telemetry.ts';

/** Lost races before a command gives up. */
const ATTEMPTS = 50;
const loadOrRefuse = async (world: World, jobId: string, newest?: number): Promise<LoadedJob> => {
  const events = await world.log.read(jobId, 0, newest);
  const state = fold(events);
  if (!state) throw new Refusal('NOT_FOUND', `there is no job ${jobId}`);
  return { state, events };
};

/** Appends what `decideOn` makes of the newest state, however often somebody else is faster. */
export const appendDecided = async <T>(
  world: World,
  jobId: string,
  decideOn: (state: JobState, events: JobEvent[]) => { draft: EventDraft } | { settled: T },
  newest?: number,
): Promise<{ event: JobEvent; state: JobState } | { settled: T; state: JobState }> => {
  let lost: string | null = null;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { state, events } = await loadOrRefuse(world, jobId, newest);
    if (lost !== null && !events.some(({ event_id }) => event_id === lost)) world.meter.add('AppendConflicts', 1, jobId);
    const decision = decideOn(state, events);
    if ('settled' in decision) return { settled: decision.settled, state };
    const event = sealEvent(decision.draft, { ...state, run_id: state.owner_run, at: world.clock().toISOString() });
    if ((await world.log.append(event)) === 'appended') return { event, state: evolve(state, event) };
    lost = event.event_id;
  }
  throw new Refusal('TOO_MANY_REQUESTS', `job ${jobId} is changing too fast; try again`);
};

/** A person's rollback, where that is how they ended the job. */
const rollbackIn = (events: readonly JobEvent[]): JobEvent | null => {
  const last = events.findLast(({ event_type }) => event_type === 'ROLLED_BACK' || event_type === 'CANCELLED');
  return last?.event_type === 'ROLLED_BACK' ? last : null;
};

/** Stops the execution and writes DONE; whoever finds the job cancelled or rolled back but not done completes this. */
export const finishCancel = async (world: World, jobId: string): Promise<JobState> => {
  const { state, events } = await loadOrRefuse(world, jobId);
  const back = rollbackIn(events);
  const words = back ? 'rolled back' : 'cancelled';
  await world.executions(state.kind).stop(state.owner_run, back ? 'rolled_back' : 'cancelled', `job ${jobId} was ${words}`);
  const done = await appendDecided<null>(world, jobId, (now) =>
    now.status === 'DONE'
      ? { settled: null }
      : {
          draft: {
            event_type: 'DONE',
            state: 'Control',
            visit: 1,
            ordinal: now.redrives,
            actor: { type: 'system', id: back ? 'rollback' : 'cancel', identity: 'none' },
            message: words,
            outputs: { status: back ? 'rolled_back' : 'cancelled', reason: back?.outputs['reason'] ?? null },
          },
        },
  );
  await showEnded(world, done.state);
  return done.state;
};
