import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import * as z from 'zod';
import { Refusal } from '../../../contracts/commands.ts';
import { UnreadableDocument } from '../../../contracts/errors.ts';
import { type ApprovalView, DECISION_MAX_BYTES, type DecisionView, PROBLEMS, ResumeBody } from '../../../contracts/http.ts';
import { AgentId, SubjectDigest } from '../../../contracts/ids.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import type { Cassette } from '../../../contracts/llm.ts';
import { Choice } from '../../../contracts/steps.ts';
import { answererOf, questionStepOf, stepOf } from '../api/decisions.ts';
import { listJobs, loadJob } from '../api/jobs.ts';
import type { Web } from '../deps.ts';
import { readForm } from '../http/body.ts';
import { actorOf } from '../http/identity.ts';
import { JobQuery, jobIdOf, PageQuery, pageOf, parseInput, queryOf } from '../http/input.ts';
import { approvalOf } from '../model/views.ts';
import { CommentField } from './comment-field.ts';
import { recorded } from './decision.ts';
import { inbox, MAX_QUESTIONS, type OpenQuestion, type Waiting } from './inbox.ts';
import { jobPage, loadJobPage, viewerOf } from './job.ts';
import { type Html, page } from './layout.ts';
import { cassetteList, jobList, MAX_CASSETTES } from './lists.ts';
import { digest, notice } from './parts.ts';

const DecisionForm = z.object({
  step: z.string(),
  subject_digest: SubjectDigest,
  choice: Choice,
  comment: CommentField,
});

const AnswerForm = ResumeBody.extend({
  answer: z
    .string()
    .transform((text) => text.replaceAll('\r\n', '\n'))
    .pipe(ResumeBody.shape.answer),
});

const changed = (digestSeen: string, state: JobState): Html =>
  notice(
    'bad',
    'What you saw has changed. Nothing was recorded.',
    html`<p>You decided on ${digest(digestSeen)}.${state.status === 'WAITING_APPROVAL' ? html` It is ${digest(state.approval.subject_digest)} now: read it below and decide again.` : ' The job has moved on; its state is below.'}</p>`,
  );

/** The job page as the answer to a decision that was not taken. `on` is what the form was about. */
const refusedPage = async (web: Web, c: Context, id: string, refusal: Refusal, on: { step: string; seen?: string }): Promise<Response> => {
  const loaded = await loadJob(web, id);
  const { state, events } = loaded;
  const { step, seen } = on;
  const earlier = state.approvals.findLast(
    (a) => (seen === undefined ? a.step === step : a.subject_digest === seen) && a.decision !== null,
  )?.decision;
  const outcome = earlier
    ? recorded(
        events.find((event) => event.seq === earlier.seq),
        true,
        web.clock(),
      )
    : '';
  const why =
    refusal.code === 'STALE_SUBJECT' && seen !== undefined
      ? changed(seen, state)
      : notice('bad', `Your ${seen === undefined ? 'answer' : 'decision'} was not taken`, html`<p>${refusal.message}</p>`);
  const view = jobPage(web, await loadJobPage(web, loaded), { ...viewerOf(web, c.req.raw), all: false, banner: html`${why}${outcome}` });
  return c.html(view, PROBLEMS[refusal.code] === 409 ? 409 : 400);
};

const SHOWN_ON_THE_JOB = new Set(['STALE_SUBJECT', 'DECISION_CONFLICT', 'NOT_WAITING']);

/** Sends a form's command: back to the job with what was recorded, or the job as it is now with why nothing was. */
const settle = async (
  web: Web,
  c: Context,
  id: string,
  on: { step: string; seen?: string },
  send: () => Promise<DecisionView>,
): Promise<Response> => {
  try {
    const { decision, already_decided } = await send();
    return c.redirect(`/ui/jobs/${id}?decided=${decision.seq}${already_decided ? '&late=1' : ''}`, 303);
  } catch (thrown) {
    if (thrown instanceof Refusal && SHOWN_ON_THE_JOB.has(thrown.code)) return refusedPage(web, c, id, thrown, on);
    throw thrown;
  }
};

const answer = async (web: Web, c: Context): Promise<Response> => {
  const id = jobIdOf(c.req.param('id') ?? '');
  const form = parseInput(AnswerForm, await readForm(c.req.raw, DECISION_MAX_BYTES), 'form');
  const step = questionStepOf(form.step);
  const channel = 'page' as const;
  return settle(web, c, id, { step }, async () => {
    const actor = await answererOf(web, c.req.raw, { id, step, channel });
    return web.commands.resume(id, { step, answer: form.answer, actor, channel });
  });
};

const decide = async (web: Web, c: Context): Promise<Response> => {
  const id = jobIdOf(c.req.param('id') ?? '');
  const form = parseInput(DecisionForm, await readForm(c.req.raw, DECISION_MAX_BYTES), 'form');
  const { choice, subject_digest } = form;
  const command = {
    step: stepOf(form.step),
    choice,
    subject_digest,
    comment: form.comment || null,
    actor: actorOf(web, c.req.raw),
    channel: 'page' as const,
  };
  return settle(web, c, id, { step: command.step, seen: subject_digest }, () => web.commands.decide(id, command));
};

const showJob = async (web: Web, c: Context): Promise<Response> => {
  const loaded = await loadJob(web, c.req.param('id') ?? '');
  const seq = Number(c.req.query('decided'));
  const view = jobPage(web, await loadJobPage(web, loaded), {
    ...viewerOf(web, c.req.raw),
    all: c.req.query('all') === '1',
    ...(Number.isInteger(seq) && seq > 0 ? { decided: { seq, late: c.req.query('late') === '1' } } : {}),
  });
  return c.html(view);
};

/** A recording, or null where it is gone or of a version this build does not read: the others are listed all the same. */
const readable = async (web: Web, { agent, key, n }: { agent: string; key: string; n: number }): Promise<Cassette | null> => {
  try {
    return await web.cassettes.get(agent, key, n);
  } catch (thrown) {
    if (thrown instanceof UnreadableDocument) return null;
    throw thrown;
  }
};

/** Each with the rules it was opened under; without where the index lags behind the job. */
const withRules = (web: Web, views: ApprovalView[]): Promise<Waiting[]> =>
  Promise.all(
    views.map(async (view): Promise<Waiting> => {
      const state = (await web.commands.load(view.job_id))?.state;
      const current = state?.status === 'WAITING_APPROVAL' && state.approval.subject_digest === view.subject_digest;
      return { view, approval: current ? state.approval : null };
    }),
  );

/** Questions of agents that nobody has answered, newest job first. */
const openQuestions = async (web: Web): Promise<OpenQuestion[]> => {
  const { items } = await web.index.list({ status: 'WAITING_HUMAN', limit: MAX_QUESTIONS });
  const loaded = await Promise.all(items.map(({ job_id }) => web.commands.load(job_id)));
  return loaded.flatMap((job) => (job?.state.status === 'WAITING_HUMAN' ? [job.state] : []));
};

export const pageRoutes = (web: Web): Hono =>
  new Hono()
    .get('/ui/jobs', async (c) => {
      const { status, q } = parseInput(JobQuery, queryOf(c.req.raw), 'query');
      const filter = { ...(status === undefined ? {} : { status }), ...(q === undefined ? {} : { q }) };
      const main = jobList(await listJobs(web, c.req.raw), filter, web.clock());
      return c.html(page(web, { title: 'Jobs', at: '/ui/jobs', actor: actorOf(web, c.req.raw), main }));
    })
    .get('/ui/jobs/:id', (c) => showJob(web, c))
    .post('/ui/jobs/:id/decide', (c) => decide(web, c))
    .post('/ui/jobs/:id/resume', (c) => answer(web, c))
    .get('/ui/approvals', async (c) => {
      const list = await web.index.waiting(pageOf(parseInput(PageQuery, queryOf(c.req.raw), 'query')));
      const [waiting, questions] = await Promise.all([withRules(web, list.items.flatMap(approvalOf)), openQuestions(web)]);
      const main = inbox(waiting, questions, list.next_cursor, web.clock());
      return c.html(page(web, { title: 'Approvals', at: '/ui/approvals', actor: actorOf(web, c.req.raw), main }));
    })
    .get('/ui/cassettes', async (c) => {
      const { agent } = parseInput(z.object({ agent: AgentId.optional() }), queryOf(c.req.raw), 'query');
      const all = await web.cassettes.list();
      const agents = [...new Set(all.map((cassette) => cassette.agent))].toSorted();
      const named = agent === undefined ? all : all.filter((cassette) => cassette.agent === agent);
      const shown = await Promise.all(
        named.slice(0, MAX_CASSETTES).map(async (name) => ({ ...name, cassette: await readable(web, name) })),
      );
      const main = cassetteList({ shown, total: named.length, agents, agent, now: web.clock() });
      return c.html(page(web, { title: 'Cassettes', at: '/ui/cassettes', actor: actorOf(web, c.req.raw), main }));
    });
