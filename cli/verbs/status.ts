import { costWords, countCalls } from '../../functions/lib/cost-words.ts';
import { usdText } from '../amounts.ts';
import { relativeTime } from '../duration.ts';
import { endingLines } from '../ending.ts';
import { loadJob, nextFor, sayJob } from '../jobs.ts';
import { eventLabels, paintLabels } from '../labels.ts';
import { JOB_ARGUMENT, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context } from '../runner.ts';
import { signedFigures } from '../signed-figures.ts';
import { askedBy, questionOf, stageLine } from '../stages.ts';
import { standIns } from '../stand-ins.ts';
import { clean, fit, padEnd, widthOf } from '../text.ts';
import type { EventView } from '../views.ts';

const RECENT = 5;

/** Model calls as the agents' events list them. */
const callsOf = (events: readonly EventView[]): unknown[] =>
  events.flatMap(({ outputs }) => (Array.isArray(outputs['calls']) ? (outputs['calls'] satisfies unknown[]) : []));

const sayEvent = ({ say, paint, width }: Context, event: EventView, column: number): void => {
  const { stage, text } = stageLine(event);
  const labels = eventLabels(event);
  const head = `${String(event.seq).padStart(4)}  ${padEnd(stage, column)}  `;
  const room = width - head.length - labels.reduce((sum, label) => sum + label.length + 1, 0);
  say(`${paint.dim(head)}${fit(text, room)}${labels.length > 0 ? ` ${paintLabels(paint, labels)}` : ''}`);
};

export const status: Verb = (program, run) => {
  withCommon(
    program
      .command('status')
      .description('show where a job is')
      .argument(...JOB_ARGUMENT),
  ).action((jobId: string, options: CommonOptions) =>
    run(options, async (context) => {
      const { say, paint, live, world } = context;
      const api = await context.connect();
      const { job, events } = await loadJob(api, jobId);
      const when = (at: string) => (live ? relativeTime(at, world.now()) : clean(at));
      sayJob(context, job);
      const question = job.status === 'WAITING_APPROVAL' ? questionOf(job.step) : askedBy(job, events);
      if (question) say(question);
      if (job.step !== null && job.subject_digest !== null) {
        const figures = await signedFigures(api, job, events, { step: job.step, digest: job.subject_digest });
        for (const line of figures.lines) say(`  ${line}`);
      }
      const end = endingLines(job, events);
      if (end.reason !== null) say(`${paint.dim('reason')} ${end.reason}`);
      if (job.subject_digest !== null) say(`${paint.dim('evidence')} ${job.subject_digest}`);
      say(`${paint.dim('created')} ${when(job.created_at)}  ${paint.dim('updated')} ${when(job.updated_at)}`);
      say(`${paint.dim('answers')} ${costWords(countCalls(callsOf(events)), usdText)}`);
      say(`${paint.dim('page')} ${clean(api.url(job.links.page))}`);
      const recent = events.slice(-RECENT);
      const column = Math.max(...recent.map((event) => widthOf(stageLine(event).stage)));
      for (const event of recent) sayEvent(context, event, column);
      for (const line of await standIns(api, job, events)) say(line);
      const next = nextFor(job) ?? end.next;
      if (next !== null) say(`${paint.dim('next')} ${next}`);
      return { doc: { ...job, events } };
    }),
  );
};
