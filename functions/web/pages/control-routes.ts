import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import * as z from 'zod';
import { type LoadedJob, Refusal } from '../../../contracts/commands.ts';
import type { Actor, EventType } from '../../../contracts/events.ts';
import { DECISION_MAX_BYTES, PROBLEMS } from '../../../contracts/http.ts';
import { ActorId } from '../../../contracts/ids.ts';
import { stepOf } from '../api/decisions.ts';
import { cancellerOf, loadJob, rollerBackOf } from '../api/jobs.ts';
import type { Web } from '../deps.ts';
import { readForm } from '../http/body.ts';
import { actorOf } from '../http/identity.ts';
import { jobIdOf, parseInput } from '../http/input.ts';
import { operatorOf } from '../http/operator.ts';
import { jobPage, loadJobPage, viewerOf } from './job.ts';
import { notice, said } from './parts.ts';

const ReasonForm = z.object({
  reason: z
    .string()
    .max(1000)
    .default('')
    .transform((text) => text.trim() || null),
});
const StepForm = z.object({ step: z.string().max(64) });
const DelegateForm = StepForm.extend({ to: z.string().trim().pipe(ActorId) });
const RevokeForm = StepForm.extend({ approver: ActorId });

const refusedPage = async (web: Web, c: Context, loaded: LoadedJob, refusal: Refusal): Promise<Response> => {
  const banner = notice('bad', 'Nothing was changed', html`<p>${said(refusal.message)}</p>`);
  return c.html(jobPage(web, await loadJobPage(web, loaded), { ...viewerOf(web, c.req.raw), all: false, banner }), PROBLEMS[refusal.code]);
};

type Command<F> = {
  form: z.ZodType<F>;
  logs: EventType;
  /** Who sent it, where they may. */
  by: (request: Request, id: string, form: F) => Actor | Promise<Actor>;
  send: (web: Web, id: string, form: F, actor: Actor) => Promise<unknown>;
};

/** Takes a form, does what it asks, and goes back to the job with the event that says so. */
const control = async <F>(web: Web, c: Context, { form, logs, by, send }: Command<F>): Promise<Response> => {
  const id = jobIdOf(c.req.param('id') ?? '');
  const fields = parseInput(form, await readForm(c.req.raw, DECISION_MAX_BYTES), 'form');
  try {
    await send(web, id, fields, await by(c.req.raw, id, fields));
  } catch (thrown) {
    if (!(thrown instanceof Refusal) || thrown.code === 'UNKNOWN_STEP') throw thrown;
    return refusedPage(web, c, await loadJob(web, id), thrown);
  }
  const { events } = await loadJob(web, id);
  const seq = events.findLast(({ event_type }) => event_type === logs)?.seq;
  return c.redirect(`/ui/jobs/${id}${seq === undefined ? '' : `?decided=${seq}`}`, 303);
};

const channel = 'page' as const;

/** Delegating, revoking links, cancelling, rolling back and redriving from the page of a job. */
export const controlRoutes = (web: Web): Hono =>
  new Hono()
    .post('/ui/jobs/:id/cancel', (c) =>
      control(web, c, {
        form: ReasonForm,
        logs: 'CANCELLED',
        by: (request, id) => cancellerOf(web, request, id, channel),
        send: ({ commands }, id, { reason }, actor) => commands.cancel(id, { reason, actor, channel }),
      }),
    )
    .post('/ui/jobs/:id/rollback', (c) =>
      control(web, c, {
        form: ReasonForm,
        logs: 'ROLLED_BACK',
        by: (request, id) => rollerBackOf(web, request, id, channel),
        send: ({ commands }, id, { reason }, actor) => commands.rollBack(id, { reason, actor, channel }),
      }),
    )
    .post('/ui/jobs/:id/redrive', (c) =>
      control(web, c, {
        form: ReasonForm,
        logs: 'REDRIVEN',
        by: (request, job_id) => operatorOf(web, request, { operation: 'redrive', channel, job_id }),
        send: ({ commands }, id, { reason }, actor) => commands.redrive(id, { reason, actor, channel }),
      }),
    )
    .post('/ui/jobs/:id/delegate', (c) =>
      control(web, c, {
        form: DelegateForm,
        logs: 'APPROVAL_DELEGATED',
        by: (request) => actorOf(web, request),
        send: ({ commands }, id, { step, to }, actor) => commands.delegate(id, { step: stepOf(step), to, actor, channel }),
      }),
    )
    .post('/ui/jobs/:id/revoke-link', (c) =>
      control(web, c, {
        form: RevokeForm,
        logs: 'LINK_REVOKED',
        by: (request, job_id, { step, approver }) =>
          operatorOf(web, request, { operation: 'revoke_links', channel, job_id, step, own: ({ id: me }) => me === approver }),
        send: ({ commands }, id, { step, approver }, actor) => commands.revokeLinks(id, { step: stepOf(step), approver, actor, channel }),
      }),
    );
