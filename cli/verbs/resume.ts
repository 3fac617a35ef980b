import type { QuestionStep } from '../../contracts/steps.ts';
import type { Api } from '../api.ts';
import { sayDecision } from '../deciding.ts';
import { CliError, EXIT } from '../exit.ts';
import { loadJob, nextFor, sayJob } from '../jobs.ts';
import { inWords } from '../labels.ts';
import { JOB_ARGUMENT, parseQuestionStep, parseText, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result } from '../runner.ts';
import { askedBy } from '../stages.ts';
import { clean } from '../text.ts';
import { Decided, type EventView, type Job } from '../views.ts';

type Options = CommonOptions & { step?: QuestionStep };

/** Where the same answer was given before: repeating it is answered, not refused. */
const answeredAt = (events: readonly EventView[], answer: string): string | null =>
  events.findLast(({ event_type, message }) => event_type === 'RESUMED' && message === answer)?.step ?? null;

/** Which question the answer is for. @throws CliError (exit 5) where nothing is asked */
const stepOf = (job: Job, events: readonly EventView[], answer: string, asked: string | undefined): string => {
  const step = asked ?? (job.status === 'WAITING_HUMAN' ? job.step : answeredAt(events, answer));
  if (step !== null) return step;
  const next = nextFor(job) ?? `see its log with "holdpoint timeline ${job.job_id}"`;
  throw new CliError('NOT_WAITING', EXIT.conflict, `job ${job.job_id} asks no question: it is ${inWords(job)}`, { next });
};

const resumeJob = async (context: Context, api: Api, jobId: string, answer: string, options: Options): Promise<Result> => {
  const { job, events } = await loadJob(api, jobId);
  const step = stepOf(job, events, answer, options.step);
  sayJob(context, job);
  const question = askedBy(job, events);
  if (question) context.say(`${clean(step)} asks: ${question}`);
  context.say(`${context.paint.dim('page')} ${clean(api.url(job.links.page))}`);
  const { body } = await api.call('POST', `/jobs/${jobId}/resume`, Decided, { body: { step, answer } });
  sayDecision(context, jobId, body);
  return { doc: body };
};

export const resume: Verb = (program, run) => {
  withCommon(
    program
      .command('resume')
      .description('answer the question an agent or the watchdog asked')
      .argument(...JOB_ARGUMENT)
      .argument('<ANSWER>', 'the answer, kept in the log', parseText)
      .option('--step <STEP>', 'the step that asks (default: the one that waits)', parseQuestionStep),
  ).action((jobId: string, answer: string, options: Options) =>
    run(options, async (context) => resumeJob(context, await context.connect(), jobId, answer, options)),
  );
};
