import { type Api, withQuery } from '../api.ts';
import { relativeTime } from '../duration.ts';
import { loadJob } from '../jobs.ts';
import { jobLabels, paintLabel, paintStatus, standing } from '../labels.ts';
import { parseLimit, parseStatus, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context } from '../runner.ts';
import { askedBy } from '../stages.ts';
import { type Column, renderTable } from '../table.ts';
import { clean } from '../text.ts';
import { type Job, Jobs } from '../views.ts';

type Options = CommonOptions & { status?: string; q?: string; limit?: number; cursor?: string };

const columns = ({ paint, live, world }: Context): Column<Job>[] => [
  { head: 'JOB', cell: (job) => job.job_id },
  { head: 'STATUS', cell: (job) => job.status, paint: (text, job) => paintStatus(paint, text, job) },
  { head: 'AT', cell: standing, paint: (text, job) => paintStatus(paint, text, job), drop: 1 },
  {
    head: 'MODE',
    cell: (job) => jobLabels(job).join(' '),
    paint: (text) => text.replace(/\w+/g, (label) => paintLabel(paint, label)),
  },
  { head: 'TITLE', cell: (job) => clean(job.title), flex: true },
  { head: 'UPDATED', cell: (job) => (live ? relativeTime(job.updated_at, world.now()) : clean(job.updated_at)), drop: 2, paint: paint.dim },
];

/** Questions that are looked up for one list. */
const MAX_QUESTIONS = 10;

/** What the jobs of a list that wait for an answer ask. */
const questions = async (api: Api, list: readonly Job[]): Promise<string[]> => {
  const asking = list.filter(({ status }) => status === 'WAITING_HUMAN').slice(0, MAX_QUESTIONS);
  const loaded = await Promise.all(asking.map(({ job_id }) => loadJob(api, job_id)));
  return loaded.flatMap(({ job, events }) => {
    const question = askedBy(job, events);
    return question === '' ? [] : [`${job.job_id} asks: ${question}`];
  });
};

export const jobs: Verb = (program, run) => {
  withCommon(
    program
      .command('jobs')
      .description('list jobs, newest first')
      .option('--status <STATUS>', 'RUNNING, WAITING_APPROVAL, WAITING_HUMAN or DONE', parseStatus)
      .option('--q <TEXT>', 'only jobs whose title has this text')
      .option('--limit <N>', 'at most this many', parseLimit)
      .option('--cursor <CURSOR>', 'where the page before ended'),
  ).action((options: Options) =>
    run(options, async (context) => {
      const { status, q, limit, cursor } = options;
      const api = await context.connect();
      const { body } = await api.call('GET', withQuery('/jobs', { status, q, limit, cursor }), Jobs);
      const narrowed = status !== undefined || q !== undefined;
      if (body.jobs.length === 0) context.say(narrowed ? 'no job matches' : 'no jobs yet; submit one with "holdpoint submit FILE"');
      else for (const line of renderTable(columns(context), body.jobs, context.width, context.paint.dim)) context.say(line);
      for (const line of context.json ? [] : await questions(api, body.jobs)) context.say(line);
      if (body.next_cursor !== null && !context.json) context.note(`more: holdpoint jobs --cursor ${clean(body.next_cursor)}`);
      return { doc: body };
    }),
  );
};
