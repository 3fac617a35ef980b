import type { JobEvent } from '../../contracts/events.ts';
import type { JobFacts } from '../../contracts/job-state.ts';
import { WATCHDOG, WatchdogAnswer } from '../../contracts/watchdog.ts';

const GOES_ON: readonly JobEvent['event_type'][] = ['APPROVED', 'REVISION_REQUESTED', 'RESUMED'];

/** Counts decided waits, and those behind which a state of the machine, whichever it is, left an event. */
export const countResumes = (
  { resumes, resumed_ok }: Pick<JobFacts, 'resumes' | 'resumed_ok'>,
  event: JobEvent,
): Pick<JobFacts, 'resumes' | 'resumed_ok'> => {
  const auto = event.outputs['auto'] === true;
  if (GOES_ON.includes(event.event_type) && !auto) {
    const ends = event.step === WATCHDOG.step && event.message === WatchdogAnswer.enum.stop;
    return { resumes: ends ? resumes : resumes + 1, resumed_ok };
  }
  const byMachine = auto || event.actor.type === 'stage' || event.actor.id === 'stop';
  return { resumes, resumed_ok: byMachine ? resumes : resumed_ok };
};
