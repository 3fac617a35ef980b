import { withQuery } from '../api.ts';
import { relativeTime } from '../duration.ts';
import { parseLimit, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context } from '../runner.ts';
import { type Column, renderTable } from '../table.ts';
import { clean } from '../text.ts';
import { Approvals } from '../views.ts';
import { approversOf, votesOf, type Waiting, withRules } from '../waiting.ts';

type Options = CommonOptions & { limit?: number; cursor?: string };

const SHORT_DIGEST = 'sha256:'.length + 12;

const columns = ({ paint, live, world }: Context): Column<Waiting>[] => {
  const when = (at: string) => (live ? relativeTime(at, world.now()) : clean(at));
  return [
    { head: 'JOB', cell: ({ job_id }) => clean(job_id) },
    { head: 'STEP', cell: ({ step }) => clean(step), paint: paint.yellow },
    { head: 'ASKED', cell: ({ opened_at }) => when(opened_at) },
    { head: 'EXPIRES', cell: ({ expires_at }) => when(expires_at), drop: 2, paint: paint.dim },
    { head: 'APPROVALS', cell: votesOf },
    { head: 'ASKS', cell: approversOf, drop: 1 },
    {
      head: 'EVIDENCE',
      cell: ({ subject_digest }) => (live ? subject_digest.slice(0, SHORT_DIGEST) : subject_digest),
      drop: 3,
      paint: paint.dim,
    },
    { head: 'TITLE', cell: ({ title }) => clean(title), flex: true },
  ];
};

export const approvals: Verb = (program, run) => {
  withCommon(
    program
      .command('approvals')
      .description('list what waits for approval, oldest first')
      .option('--limit <N>', 'at most this many', parseLimit)
      .option('--cursor <CURSOR>', 'where the page before ended'),
  ).action((options: Options) =>
    run(options, async (context) => {
      const api = await context.connect();
      const { limit, cursor } = options;
      const { body } = await api.call('GET', withQuery('/approvals', { limit, cursor }), Approvals);
      if (body.approvals.length === 0) context.say('nothing waits for approval');
      const rows = await withRules(api, body.approvals);
      for (const line of rows.length === 0 ? [] : renderTable(columns(context), rows, context.width, context.paint.dim)) context.say(line);
      if (body.next_cursor !== null && !context.json) context.note(`more: holdpoint approvals --cursor ${clean(body.next_cursor)}`);
      return { doc: { ...body, approvals: rows } };
    }),
  );
};
