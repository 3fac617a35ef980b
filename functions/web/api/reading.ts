import { Hono } from 'hono';
import * as z from 'zod';
import { Refusal } from '../../../contracts/commands.ts';
import { AgentId, Sha256 } from '../../../contracts/ids.ts';
import type { WebDeps } from '../deps.ts';
import { jobIdOf, seqOf } from '../http/input.ts';
import { notFound } from '../http/problem.ts';
import { listArtifacts } from './artifacts.ts';
import { loadJob } from './jobs.ts';
import { streamEvents } from './stream.ts';

/** A name that no recording can have is one that does not exist. */
const CassetteName = z.object({
  agent: AgentId,
  key: Sha256,
  n: z
    .string()
    .regex(/^(0|[1-9]\d{0,5})$/)
    .transform(Number),
});

/**
 * JSON and streams that pages link to as well. Served twice: at the root for clients with a token, and below `/ui`,
 * where a session counts: a browser sends no token.
 */
export const readingRoutes = (deps: WebDeps): Hono =>
  new Hono()
    .get('/jobs/:id/events', async (c) => {
      const after = seqOf(c.req.query('after'), 'after');
      const id = c.req.param('id');
      const events = await deps.commands.eventsAfter(jobIdOf(id), after);
      if (!events) throw notFound(`job ${id}`);
      return c.json({ events });
    })
    .get('/jobs/:id/events/stream', async (c) => {
      const id = c.req.param('id');
      const after = seqOf(c.req.header('last-event-id') ?? c.req.query('after'), 'Last-Event-ID');
      return streamEvents(deps, c.req.raw, await loadJob(deps, id), after);
    })
    .get('/jobs/:id/artifacts', async (c) => {
      const id = c.req.param('id');
      const { events } = await loadJob(deps, id);
      return c.json({ artifacts: await listArtifacts(deps, id, events) });
    })
    .get('/jobs/:id/verify', async (c) => {
      const id = jobIdOf(c.req.param('id'));
      const report = await deps.proof.verify(id);
      if (!report) throw notFound(`job ${id}`);
      return c.json(report);
    })
    .get('/cassettes/:agent/:key/:n', async (c) => {
      const name = CassetteName.safeParse(c.req.param());
      const found = name.success ? await deps.cassettes.get(name.data.agent, name.data.key, name.data.n) : null;
      if (!found) {
        const asked = c.req.path.slice(c.req.path.indexOf('/cassettes/') + '/cassettes/'.length).slice(0, 180);
        throw new Refusal('NOT_FOUND', `cassette "${asked}" does not exist; "GET /cassettes" lists those there are`);
      }
      return c.json(found);
    });
