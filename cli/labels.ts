import { Mode } from '../contracts/llm.ts';
import type { Paint } from './runner.ts';
import { clean } from './text.ts';
import type { EventView, Job } from './views.ts';

/** How a model answer came about: a word and a colour, never colour alone. */
export type Label = 'LIVE' | 'RECORD' | 'REPLAY' | 'DEGRADED';

export const paintLabel = (paint: Paint, label: string): string => {
  switch (label) {
    case 'LIVE':
      return paint.bold(paint.red(label));
    case 'RECORD':
      return paint.bold(paint.yellow(label));
    case 'REPLAY':
      return paint.bold(paint.blue(label));
    case 'DEGRADED':
      return paint.bold(paint.magenta(label));
    default:
      return label;
  }
};

const LABELS: Record<Mode, Label> = { live: 'LIVE', record: 'RECORD', replay: 'REPLAY' };

export const jobLabels = (job: Pick<Job, 'mode' | 'degraded'>): Label[] => [
  LABELS[job.mode],
  ...(job.degraded ? (['DEGRADED'] as const) : []),
];

/** Labels of the model answer an event rests on; none where no model was asked. */
export const eventLabels = (event: Pick<EventView, 'outputs'>): Label[] => {
  const source = Mode.safeParse(event.outputs['response_source']);
  return [...(source.success ? [LABELS[source.data]] : []), ...(event.outputs['degraded'] === true ? (['DEGRADED'] as const) : [])];
};

export const paintLabels = (paint: Paint, labels: readonly Label[]): string => labels.map((label) => paintLabel(paint, label)).join(' ');

/** Where a job stands within its status: the step it waits at, or how it ended. */
export const standing = (job: Pick<Job, 'step' | 'outcome'>): string => clean(job.outcome ?? job.step ?? '');

/** `WAITING_APPROVAL at blueprint`, `DONE: gates_failed`, `RUNNING`. */
export const inWords = (job: Pick<Job, 'status' | 'step' | 'outcome'>): string => {
  if (job.outcome !== null) return `${job.status}: ${job.outcome}`;
  return job.step === null ? job.status : `${job.status} at ${clean(job.step)}`;
};

export const paintStatus = (paint: Paint, text: string, job: Pick<Job, 'status' | 'outcome'>): string => {
  if (job.status === 'DONE') return job.outcome === 'succeeded' ? paint.green(text) : paint.red(text);
  return job.status === 'RUNNING' ? paint.cyan(text) : paint.yellow(text);
};
