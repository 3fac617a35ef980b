import { Hono } from 'hono';
import type { WebDeps } from '../deps.ts';
import { costCounted, costFromLog } from '../model/job-cost.ts';
import { loadJob } from './jobs.ts';

/** What a job came to on AWS, counted where its requests arrive, or else as far as its log tells. */
export const costRoutes = (deps: WebDeps): Hono =>
  new Hono().get('/jobs/:id/cost', async (c) => {
    const { state, events } = await loadJob(deps, c.req.param('id'));
    const runs = [...new Set(events.map((event) => event.run_id))];
    const counted = await deps.counted?.({ id: state.job_id, runs, done: state.status === 'DONE' });
    if (counted) return c.json(costCounted(state.job_id, counted));
    const histories = await Promise.all(runs.map(async (run) => (await deps.history?.(state.kind, run)) ?? null));
    return c.json(costFromLog(state.job_id, events, histories));
  });
