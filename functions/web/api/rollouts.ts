import { Hono } from 'hono';
import type { LoadedJob } from '../../../contracts/commands.ts';
import { DECISION_MAX_BYTES } from '../../../contracts/http.ts';
import { RollbackBody, type RolloutView } from '../../../contracts/rollout-http.ts';
import type { WebDeps } from '../deps.ts';
import { readJson } from '../http/body.ts';
import { jobIdOf, PageQuery, pageOf, parseInput, queryOf } from '../http/input.ts';
import { notFound } from '../http/problem.ts';
import { viewOfState } from '../model/views.ts';
import { channelOf } from './decisions.ts';
import { loadJob, rollerBackOf } from './jobs.ts';

/** Each is read from its log. */
const PAGE = 10;
const RolloutQuery = PageQuery.extend({ limit: PageQuery.shape.limit.unwrap().default(PAGE) });

/** Only who asks for rollouts waits for what reads them to load. */
export const viewRollout = async (deps: WebDeps, { state, events }: LoadedJob): Promise<RolloutView> => {
  const { rolloutFacts } = await import('../../lib/rollout/view.ts');
  return { ...viewOfState(state), ...rolloutFacts(state, events, await deps.openCanaries(state, events)) };
};

export const rolloutRoutes = (deps: WebDeps): Hono =>
  new Hono()
    .get('/rollouts', async (c) => {
      const { items, next_cursor } = await deps.index.rollouts(pageOf(parseInput(RolloutQuery, queryOf(c.req.raw), 'query')));
      const loaded = await Promise.all(items.map((id) => deps.commands.load(id)));
      const rollouts = await Promise.all(loaded.filter((one) => one !== null).map((one) => viewRollout(deps, one)));
      return c.json({ rollouts, next_cursor });
    })
    .get('/rollouts/:id', async (c) => {
      const id = c.req.param('id');
      const loaded = await loadJob(deps, id);
      if (loaded.state.kind !== 'rollout') throw notFound(`rollout ${id}`);
      return c.json(await viewRollout(deps, loaded));
    })
    .post('/rollouts/:id/rollback', async (c) => {
      const id = jobIdOf(c.req.param('id'));
      const channel = channelOf(c.req.raw);
      const { reason } = await readJson(c.req.raw, RollbackBody, { limit: DECISION_MAX_BYTES, what: 'body', optional: true });
      const actor = await rollerBackOf(deps, c.req.raw, id, channel);
      return c.json(viewOfState(await deps.commands.rollBack(id, { reason: reason ?? null, actor, channel })));
    });
