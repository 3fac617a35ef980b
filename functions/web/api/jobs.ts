import { Hono } from 'hono';
import type { Channel, LoadedJob } from '../../../contracts/commands.ts';
import type { Actor } from '../../../contracts/events.ts';
import { CancelBody, DECISION_MAX_BYTES } from '../../../contracts/http.ts';
import { JOB_SPEC_MAX_BYTES, JobSpec } from '../../../contracts/job-spec.ts';
import type { WebDeps } from '../deps.ts';
import { readJson } from '../http/body.ts';
import { actorOf } from '../http/identity.ts';
import { JobQuery, jobIdOf, pageOf, parseInput, queryOf } from '../http/input.ts';
import { isSubmitter, operatorOf } from '../http/operator.ts';
import { notFound } from '../http/problem.ts';
import { viewOfRecord, viewOfState } from '../model/views.ts';
import { channelOf } from './decisions.ts';

/** The job of a route; NOT_FOUND for an id that no job has. */
export const loadJob = async (deps: WebDeps, id: string): Promise<LoadedJob> => {
  const loaded = await deps.commands.load(jobIdOf(id));
  if (!loaded) throw notFound(`job ${id}`);
  return loaded;
};

/** Who may end a job: operators, and whoever submitted it. */
const enderBy =
  (operation: 'cancel' | 'roll_back') =>
  (deps: WebDeps, request: Request, id: string, channel: Channel): Promise<Actor> => {
    const own = async (actor: Actor) => isSubmitter((await loadJob(deps, id)).state, actor);
    return operatorOf(deps, request, { operation, channel, job_id: id, own });
  };

export const cancellerOf = enderBy('cancel');
export const rollerBackOf = enderBy('roll_back');

/** A page of the index, filtered as the query asks. */
export const listJobs = (deps: WebDeps, request: Request) => {
  const query = parseInput(JobQuery, queryOf(request), 'query');
  const filter = { ...(query.status === undefined ? {} : { status: query.status }), ...(query.q === undefined ? {} : { q: query.q }) };
  return deps.index.list({ ...pageOf(query), ...filter });
};

export const jobRoutes = (deps: WebDeps): Hono =>
  new Hono()
    .post('/jobs', async (c) => {
      const spec = await readJson(c.req.raw, JobSpec, { limit: JOB_SPEC_MAX_BYTES, what: 'job spec' });
      const { created, state } = await deps.commands.submit(spec, actorOf(deps, c.req.raw));
      c.header('location', `/jobs/${state.job_id}`);
      return c.json(viewOfState(state), created ? 201 : 200);
    })
    .get('/jobs', async (c) => {
      const page = await listJobs(deps, c.req.raw);
      return c.json({ jobs: page.items.map(viewOfRecord), next_cursor: page.next_cursor });
    })
    .get('/jobs/:id', async (c) => {
      const { state, events } = await loadJob(deps, c.req.param('id'));
      return c.json({ job: viewOfState(state), events });
    })
    .post('/jobs/:id/cancel', async (c) => {
      const body = await readJson(c.req.raw, CancelBody, { limit: DECISION_MAX_BYTES, what: 'body', optional: true });
      const id = jobIdOf(c.req.param('id'));
      const channel = channelOf(c.req.raw);
      const actor = await cancellerOf(deps, c.req.raw, id, channel);
      return c.json(viewOfState(await deps.commands.cancel(id, { reason: body.reason ?? null, actor, channel })));
    });
