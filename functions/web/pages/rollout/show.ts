import type { Context } from 'hono';
import { html } from 'hono/html';
import { JobId } from '../../../../contracts/ids.ts';
import { loadJob } from '../../api/jobs.ts';
import { viewRollout } from '../../api/rollouts.ts';
import type { Web } from '../../deps.ts';
import { actorOf } from '../../http/identity.ts';
import { PageQuery, pageOf, parseInput, queryOf } from '../../http/input.ts';
import { notFound } from '../../http/problem.ts';
import { page } from '../layout.ts';
import { noRollout, rolloutList, rolloutPart } from './page.ts';
import { loadValidation } from './validation.ts';

const LISTED = 20;
const Query = PageQuery.extend({ limit: PageQuery.shape.limit.unwrap().default(LISTED), job: JobId.optional() });

/** The newest rollout that is not over, else the newest; `?job=` names another. */
export const showRollout = async (web: Web, c: Context): Promise<Response> => {
  const query = parseInput(Query, queryOf(c.req.raw), 'query');
  const { items, next_cursor } = await web.index.rollouts(pageOf(query));
  const records = (await Promise.all(items.map((id) => web.index.get(id)))).filter((record) => record !== null);
  const id = query.job ?? (records.find(({ status }) => status !== 'DONE') ?? records[0])?.job_id;
  const frame = { title: 'Rollout', at: '/ui/rollout', actor: actorOf(web, c.req.raw) } as const;
  if (id === undefined) return c.html(page(web, { ...frame, main: noRollout() }));
  const loaded = await loadJob(web, id);
  const { state } = loaded;
  if (state.kind !== 'rollout') throw notFound(`rollout ${id}`);
  const now = web.clock();
  const [view, validation] = await Promise.all([viewRollout(web, loaded), loadValidation(web, id)]);
  const main = html`${rolloutPart(loaded, view, validation, now)}${rolloutList(records, id, next_cursor, now)}`;
  const stream = state.status === 'DONE' ? {} : { stream: `/ui/jobs/${id}/events/stream?after=${state.last_seq}` };
  return c.html(page(web, { ...frame, ...stream, main }));
};
