import { Hono } from 'hono';
import { BulkDecisionBody, DelegateBody, RedriveBody, RevokeLinksBody } from '../../../contracts/approval-http.ts';
import type { Actor } from '../../../contracts/events.ts';
import { DECISION_MAX_BYTES } from '../../../contracts/http.ts';
import type { WebDeps } from '../deps.ts';
import { readJson } from '../http/body.ts';
import { actorOf } from '../http/identity.ts';
import { jobIdOf } from '../http/input.ts';
import { operatorOf } from '../http/operator.ts';
import { approvalDetail } from '../model/approvals.ts';
import { viewOfState } from '../model/views.ts';
import { decideAll } from './bulk.ts';
import { channelOf, stepOf } from './decisions.ts';
import { loadJob } from './jobs.ts';

const body = { limit: DECISION_MAX_BYTES, what: 'body' };

/** Who is asked, delegation, links, several decisions at once, and redrive. */
export const approvalRoutes = (deps: WebDeps): Hono =>
  new Hono()
    .get('/jobs/:id/approvals', async (c) => {
      const { state } = await loadJob(deps, c.req.param('id'));
      return c.json({ approvals: state.approvals.map((approval) => approvalDetail(state, approval, deps.clock())) });
    })
    .post('/approvals/decide', async (c) => {
      const { choice, comment, items } = await readJson(c.req.raw, BulkDecisionBody, body);
      const bulk = { choice, comment: comment ?? null, items, actor: actorOf(deps, c.req.raw), channel: channelOf(c.req.raw) };
      return c.json({ results: await decideAll(deps, bulk) });
    })
    .post('/jobs/:id/redrive', async (c) => {
      const id = jobIdOf(c.req.param('id'));
      const channel = channelOf(c.req.raw);
      const actor = await operatorOf(deps, c.req.raw, { operation: 'redrive', channel, job_id: id });
      const { reason } = await readJson(c.req.raw, RedriveBody, { ...body, optional: true });
      const command = { reason: reason ?? null, actor, channel };
      return c.json(viewOfState(await deps.commands.redrive(id, command)));
    })
    .post('/jobs/:id/delegate', async (c) => {
      const id = jobIdOf(c.req.param('id'));
      const step = stepOf(c.req.query('step'));
      const { to } = await readJson(c.req.raw, DelegateBody, body);
      const command = { step, to, actor: actorOf(deps, c.req.raw), channel: channelOf(c.req.raw) };
      return c.json(viewOfState(await deps.commands.delegate(id, command)));
    })
    .post('/jobs/:id/links/revoke', async (c) => {
      const id = jobIdOf(c.req.param('id'));
      const step = stepOf(c.req.query('step'));
      const { approver } = await readJson(c.req.raw, RevokeLinksBody, { ...body, optional: true });
      const channel = channelOf(c.req.raw);
      const own = ({ id: me }: Actor) => me === approver;
      const actor = await operatorOf(deps, c.req.raw, { operation: 'revoke_links', channel, job_id: id, step, own });
      const command = { step, approver: approver ?? null, actor, channel };
      return c.json(viewOfState(await deps.commands.revokeLinks(id, command)));
    });
