import { Hono } from 'hono';
import { type Channel, Refusal } from '../../../contracts/commands.ts';
import type { Actor } from '../../../contracts/events.ts';
import { DECISION_MAX_BYTES, DecisionBody, ResumeBody } from '../../../contracts/http.ts';
import { APPROVAL_STEPS, ApprovalStep, type Choice, QUESTION_STEPS, QuestionStep } from '../../../contracts/steps.ts';
import { WATCHDOG } from '../../../contracts/watchdog.ts';
import type { WebDeps } from '../deps.ts';
import { readJson } from '../http/body.ts';
import { actorOf } from '../http/identity.ts';
import { jobIdOf, PageQuery, pageOf, parseInput, queryOf } from '../http/input.ts';
import { operatorOf } from '../http/operator.ts';
import { approvalOf } from '../model/views.ts';

/** A step of the catalogue; everything else is UNKNOWN_STEP. */
export const stepOf = (step: string | undefined): ApprovalStep => {
  const parsed = ApprovalStep.safeParse(step);
  if (parsed.success) return parsed.data;
  const asked = step === undefined ? 'no step was named' : `there is no step "${step.slice(0, 64)}"`;
  throw new Refusal('UNKNOWN_STEP', `${asked}; say which with ?step=, one of ${APPROVAL_STEPS.join(', ')}`);
};

/** A step at which questions are asked; everything else is UNKNOWN_STEP. */
export const questionStepOf = (step: string): QuestionStep => {
  const parsed = QuestionStep.safeParse(step);
  if (parsed.success) return parsed.data;
  throw new Refusal('UNKNOWN_STEP', `no question is asked at step "${step.slice(0, 64)}"; answers go to ${QUESTION_STEPS.join(', ')}`);
};

/** Who may answer: anybody who is let in an agent, operators the watchdog, since they alone redrive. */
export const answererOf = async (
  deps: WebDeps,
  request: Request,
  { id, step, channel }: { id: string; step: QuestionStep; channel: Channel },
): Promise<Actor> =>
  step === WATCHDOG.step ? operatorOf(deps, request, { operation: 'answer_watchdog', channel, job_id: id, step }) : actorOf(deps, request);

/** The command line says so in its User-Agent; it decides nothing but the label in the log. */
export const channelOf = (request: Request): 'cli' | 'http' =>
  request.headers.get('user-agent')?.startsWith('holdpoint-cli/') ? 'cli' : 'http';

export const decisionRoutes = (deps: WebDeps): Hono => {
  const app = new Hono();
  for (const choice of ['approve', 'reject', 'revise'] as const satisfies Choice[]) {
    app.post(`/jobs/:id/${choice}`, async (c) => {
      const id = jobIdOf(c.req.param('id'));
      const step = stepOf(c.req.query('step'));
      const body = await readJson(c.req.raw, DecisionBody, { limit: DECISION_MAX_BYTES, what: 'decision' });
      const actor = actorOf(deps, c.req.raw);
      const command = {
        step,
        choice,
        subject_digest: body.subject_digest,
        comment: body.comment ?? null,
        actor,
        channel: channelOf(c.req.raw),
      };
      return c.json(await deps.commands.decide(id, command));
    });
  }
  app.post('/jobs/:id/resume', async (c) => {
    const id = jobIdOf(c.req.param('id'));
    const body = await readJson(c.req.raw, ResumeBody, { limit: DECISION_MAX_BYTES, what: 'answer' });
    const step = questionStepOf(body.step);
    const channel = channelOf(c.req.raw);
    const actor = await answererOf(deps, c.req.raw, { id, step, channel });
    return c.json(await deps.commands.resume(id, { step, answer: body.answer, actor, channel }));
  });
  return app.get('/approvals', async (c) => {
    const query = parseInput(PageQuery, queryOf(c.req.raw), 'query');
    const page = await deps.index.waiting(pageOf(query));
    return c.json({ approvals: page.items.flatMap(approvalOf), next_cursor: page.next_cursor });
  });
};
