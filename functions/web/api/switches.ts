import { Hono } from 'hono';
import * as z from 'zod';
import { DECISION_MAX_BYTES, FlagBody, KillBody, ReleaseBody } from '../../../contracts/http.ts';
import type { WebDeps } from '../deps.ts';
import { readJson } from '../http/body.ts';
import { PageQuery, parseInput, queryOf, seqOf } from '../http/input.ts';
import { operatorOf } from '../http/operator.ts';
import { channelOf } from './decisions.ts';

const AuditQuery = z.object({ limit: PageQuery.shape.limit, after: z.string().optional() });

const json = { limit: DECISION_MAX_BYTES, what: 'body' };

/** Flags, kill switch, and the log of who changed them. */
export const switchRoutes = (deps: WebDeps): Hono =>
  new Hono()
    .get('/flags', async (c) => c.json(await deps.switches.list()))
    .put('/flags/:name', async (c) => {
      const channel = channelOf(c.req.raw);
      const actor = await operatorOf(deps, c.req.raw, { operation: 'set_flag', channel });
      const { value, reason } = await readJson(c.req.raw, FlagBody, json);
      return c.json(await deps.switches.setFlag(c.req.param('name'), value, { actor, reason: reason ?? null, channel }));
    })
    .post('/kill', async (c) => {
      const channel = channelOf(c.req.raw);
      const actor = await operatorOf(deps, c.req.raw, { operation: 'kill', channel });
      return c.json(await deps.switches.kill(await readJson(c.req.raw, KillBody, json), actor, channel));
    })
    .post('/kill/release', async (c) => {
      const channel = channelOf(c.req.raw);
      const actor = await operatorOf(deps, c.req.raw, { operation: 'release', channel });
      const { reason } = await readJson(c.req.raw, ReleaseBody, { ...json, optional: true });
      return c.json(await deps.switches.release({ actor, reason: reason ?? null, channel }));
    })
    .get('/audit/events', async (c) => {
      const { limit, after } = parseInput(AuditQuery, queryOf(c.req.raw), 'query');
      return c.json({ events: await deps.switches.audit(seqOf(after, 'after'), limit) });
    });
