import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import * as z from 'zod';
import { type OpenedLink, Refusal } from '../../../contracts/commands.ts';
import { DECISION_MAX_BYTES, PROBLEMS, type ProblemCode } from '../../../contracts/http.ts';
import { SubjectDigest } from '../../../contracts/ids.ts';
import { Choice } from '../../../contracts/steps.ts';
import { DECISION_EVENTS } from '../../lib/decide.ts';
import { formToken, isFormToken } from '../../lib/form-token.ts';
import { artifactHeaders } from '../api/artifacts.ts';
import type { Web } from '../deps.ts';
import { readForm } from '../http/body.ts';
import { parseInput, queryOf } from '../http/input.ts';
import { notFound } from '../http/problem.ts';
import { metersOf } from '../model/budget.ts';
import { CommentField } from '../pages/comment-field.ts';
import { loadEvidence } from '../pages/evidence.ts';
import { type Html, page } from '../pages/layout.ts';
import { digest, notice, said } from '../pages/parts.ts';
import { viewer } from '../pages/viewer.ts';
import { FileQuery } from '../pages/viewer-routes.ts';
import { leave } from '../session/routes.ts';
import { endedLink } from './ended.ts';
import { type Reader, readerOf } from './identity.ts';
import { linkPage, stepName } from './page.ts';

const DecisionForm = z.object({
  subject_digest: SubjectDigest,
  token: z.string().max(200).default(''),
  choice: Choice,
  comment: CommentField,
  typed: z.string().max(100).default(''),
});
type DecisionForm = z.infer<typeof DecisionForm>;

type Status = 200 | (typeof PROBLEMS)[ProblemCode];
type Link = { web: Web; c: Context; capability: string; opened: OpenedLink; reader: Reader };

const showLink = async (
  { web, c, capability, opened, reader }: Link,
  sent: { banner?: Html; comment?: string; status?: Status } = {},
): Promise<Response> => {
  const { state, approval } = opened;
  const [evidence, use, ring] = await Promise.all([loadEvidence(web, state, approval), web.budgetUse(state.job_id), web.keyRing()]);
  const { status = 200, ...more } = sent;
  const token = formToken(ring, capability, approval.subject_digest);
  return c.html(
    await linkPage(web, { opened, evidence, meters: metersOf(state, web.budget, use), reader, token, now: web.clock(), ...more }),
    status,
  );
};

/** One signed file, whole: for readers who have the link and nothing else. */
const showFile = async ({ web, c, opened }: Link, name: string): Promise<Response> => {
  const subject = opened.approval.subject.find((one) => one.name === name);
  const object = subject ? await web.artifacts.get(subject.key) : null;
  if (!subject || !object) throw notFound(`file "${name.slice(0, 100)}"`);
  const query = parseInput(FileQuery, queryOf(c.req.raw), 'query');
  const path = subject.key.split('/').slice(2).join('/');
  if (query.raw) return c.body(new Uint8Array(object.body), 200, artifactHeaders(path));
  const self = `?file=${encodeURIComponent(name)}`;
  const viewed = { path, body: object.body, raw: `${self}&raw=1`, pageHref: (n: number) => `${self}&page=${n}`, page: query.page };
  return c.html(
    page(web, { title: name, at: null, actor: null, bare: true, main: viewer(viewed, { href: '?', name: 'Back to the decision' }) }),
  );
};

const somebodyElse = (link: Link, id: string): Promise<Response> => {
  const { web, c, opened } = link;
  const main = html`<h1>This link is somebody else’s</h1>
<p class="prose">It was sent to ${said(opened.approver)}, and you are signed in as ${said(id)}. Nothing was recorded: each approver decides with their own link and name.</p>
<p><a class="button" href="?sign-in=1&amp;fresh=1">Sign in as ${said(opened.approver)}</a></p><p><a href="/ui/jobs/${opened.state.job_id}">Open the job as ${said(id)}</a></p>`;
  return Promise.resolve(c.html(page(web, { title: 'This link is somebody else’s', at: null, actor: null, bare: true, main }), 403));
};

const get = (link: Link): Promise<Response> => {
  const { web, c, capability, reader } = link;
  if (web.signIn && c.req.query('sign-in') === '1') return leave(web, web.signIn, c, `/a/${capability}`);
  if (reader.kind === 'other') return somebodyElse(link, reader.actor.id);
  const file = c.req.query('file');
  return file === undefined ? showLink(link) : showFile(link, file);
};

const refused = (link: Link, refusal: Refusal, form: DecisionForm): Promise<Response> => {
  const stale = refusal.code === 'STALE_SUBJECT';
  const banner = notice(
    'bad',
    stale ? 'What you saw has changed. Nothing was recorded.' : 'Your decision was not taken',
    stale
      ? html`<p>You decided on ${digest(form.subject_digest)}. Read the evidence as it is now, and decide again.</p>`
      : html`<p>${said(refusal.message)}</p>`,
  );
  return showLink(link, { banner, comment: form.comment, status: PROBLEMS[refusal.code] });
};

const words = (text: string): string =>
  text
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, ' ');

/** Why a form is not taken as this reader's decision; null where it is. */
const objection = async ({ web, capability, opened, reader }: Link, form: DecisionForm): Promise<Refusal | null> => {
  const { step } = opened.approval;
  if (reader.kind === 'unknown')
    return new Refusal('UNAUTHENTICATED', 'you were not signed in; nothing was recorded. Sign in, then decide again');
  if (!isFormToken(await web.keyRing(), form.token, capability, form.subject_digest)) {
    return new Refusal('FORBIDDEN', 'this was not sent by the form of this page, or the form is too old. Decide on the form below');
  }
  if (reader.kind === 'link' && words(form.typed) !== words(step)) {
    return new Refusal('INVALID_INPUT', `type "${stepName(step)}" into the field above the buttons; nothing was recorded`);
  }
  return null;
};

/** Answers with what is on record: the same decision again is no mistake, another one is. */
const late = (link: Link, form: DecisionForm, event_type: string): Promise<Response> | Response => {
  if (event_type === DECISION_EVENTS[form.choice]) return link.c.redirect('?', 303);
  return refused(link, new Refusal('DECISION_CONFLICT', 'this was decided before; the outcome is below'), form);
};

const send = async (link: Link, form: DecisionForm): Promise<Response> => {
  const { web, c, opened, reader, capability } = link;
  if (reader.kind === 'unknown' || reader.kind === 'other') throw new Error(`${reader.kind} readers decide nothing`);
  const { choice, subject_digest, comment } = form;
  const command = {
    step: opened.approval.step,
    choice,
    subject_digest,
    comment: comment || null,
    actor: reader.actor,
    channel: 'link' as const,
  };
  try {
    await web.commands.decide(opened.state.job_id, command);
    // A reload shows the page again and sends nothing. Relative: the link is repeated nowhere.
    return c.redirect('?', 303);
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    return refused({ ...link, opened: await web.commands.openLink(capability) }, thrown, form);
  }
};

const post = async (link: Link): Promise<Response> => {
  const { c, opened, reader } = link;
  if (reader.kind === 'other') return somebodyElse(link, reader.actor.id);
  const form = parseInput(DecisionForm, await readForm(c.req.raw, DECISION_MAX_BYTES), 'form');
  if (opened.approval.decision) return late(link, form, opened.approval.decision.event_type);
  const why = await objection(link, form);
  return why ? refused(link, why, form) : send(link, form);
};

/** Where a link alone is not enough it shows nothing either, but the way to sign in. */
const refuseUnknown = ({ web, c, opened, reader }: Link): void => {
  const leaves = web.signIn && c.req.method !== 'POST' && c.req.query('sign-in') === '1';
  if (web.linkApproval || reader.kind !== 'unknown' || leaves) return;
  throw new Refusal(
    web.signIn ? 'UNAUTHENTICATED' : 'FORBIDDEN',
    `environment ${web.env} shows evidence and takes decisions only from people who are signed in; nothing was recorded`,
    { reason: 'sign_in', job_id: opened.state.job_id },
  );
};

const open = async (web: Web, c: Context, then: (link: Link) => Promise<Response>): Promise<Response> => {
  const capability = c.req.param('capability') ?? '';
  try {
    const opened = await web.commands.openLink(capability);
    const link = { web, c, capability, opened, reader: readerOf(web, c.req.raw, opened) };
    refuseUnknown(link);
    return await then(link);
  } catch (thrown) {
    const page = (c.req.header('accept') ?? '').includes('text/html');
    if (page && thrown instanceof Refusal && thrown.code !== 'INTERNAL') return endedLink(web, thrown);
    throw thrown;
  }
};

/** An approver's own page. Reading it, however often and by whatever program, changes nothing. */
export const linkRoutes = (web: Web): Hono =>
  new Hono().get('/a/:capability', (c) => open(web, c, get)).post('/a/:capability', (c) => open(web, c, post));
