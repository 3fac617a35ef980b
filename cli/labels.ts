import * as z from 'zod';
import { Mode } from '../contracts/llm.ts';
import { SHADOW_ROLE } from '../contracts/shadow.ts';
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

const Answer = z.object({ response_source: z.unknown(), degraded: z.unknown(), role: z.unknown().optional() });
const Calls = z.array(z.unknown());

/** The event's own answer, and the calls it lists: a hold lists those whose output it shows. */
const answersOf = ({ outputs }: Pick<EventView, 'outputs'>): z.infer<typeof Answer>[] =>
  [outputs, ...(Calls.safeParse(outputs['calls']).data ?? [])]
    .flatMap((one) => Answer.safeParse(one).data ?? [])
    // No event rests on what its shadow said.
    .filter(({ role }) => role !== SHADOW_ROLE);

/** Labels of the model answers an event rests on; none where no model was asked. */
export const eventLabels = (event: Pick<EventView, 'outputs'>): Label[] => {
  const answers = answersOf(event);
  const sources = answers.flatMap(({ response_source }) => {
    const mode = Mode.safeParse(response_source);
    return mode.success ? [LABELS[mode.data]] : [];
  });
  return [...new Set(sources), ...(answers.some(({ degraded }) => degraded === true) ? (['DEGRADED'] as const) : [])];
};

const Recorded = z.object({
  degraded: z.literal(true),
  replay_reason: z.string(),
  recorded_at: z.string(),
  provider: z.string(),
  model: z.string(),
});

/** Why a recorded answer stands in, and what it is; empty where the answer is not degraded. */
export const degradedWhy = ({ outputs }: Pick<EventView, 'outputs'>): string => {
  const recorded = Recorded.safeParse(outputs).data;
  if (!recorded) return '';
  const { replay_reason, recorded_at, provider, model } = recorded;
  return clean(`replay_reason=${replay_reason}, recorded_at=${recorded_at} from ${provider}/${model}`);
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
