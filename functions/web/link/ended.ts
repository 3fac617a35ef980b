import { html } from 'hono/html';
import type { Refusal } from '../../../contracts/commands.ts';
import { JobId } from '../../../contracts/ids.ts';
import type { Web } from '../deps.ts';
import { problemOf } from '../http/problem.ts';
import { visible } from '../model/text.ts';
import { type Html, page } from '../pages/layout.ts';

type Ending = { title: string; body: Html };

/** The page of the job, where its reader could be let in. */
const jobLink = (web: Web, refusal: Refusal): Html | string => {
  const id = JobId.safeParse(refusal.extra['job_id']);
  const known = web.local || web.signIn;
  return id.success && known ? html`<p><a class="button" href="/ui/jobs/${id.data}">Open the job</a></p>` : '';
};

/** Where else an approver can decide: the page of the job knows people who are signed in, the command line their token. */
const elsewhere = (web: Web): string =>
  web.local || web.signIn ? 'decide on the page of the job: it asks who you are' : 'decide with the command line, signed in as yourself';

const expired = (web: Web, refusal: Refusal): Ending => ({
  title: 'This link has expired',
  body: html`<p class="prose">Links stop working after a while, so that an old message decides nothing. That is no refusal: the job still waits for its answer.</p>
<p class="prose">Look for a newer message about it, or ${elsewhere(web)}.</p>${jobLink(web, refusal)}`,
});

const revoked = (web: Web, refusal: Refusal): Ending => ({
  title: 'This link was revoked',
  body: html`<p class="prose">An operator of the environment <strong>${web.env}</strong>, or its approver, took it back. It decides nothing any more; nothing was recorded.</p>
<p class="prose">No new link is sent in its place. If you are asked to decide, ${elsewhere(web)}. Why it was taken back, the operators of <strong>${web.env}</strong> can tell; the log of the job says who did it.</p>${jobLink(web, refusal)}`,
});

const notEnough = (web: Web, refusal: Refusal): Ending =>
  web.signIn
    ? {
        title: 'Sign in to read and decide',
        body: html`<p class="prose">In the environment <strong>${web.env}</strong> only people who are signed in see evidence and decide: a link alone could have been passed on. You come back to this page.</p>
<p><a class="button" href="?sign-in=1">Sign in</a></p><p class="quiet">Nothing was recorded.</p>`,
      }
    : {
        title: 'This link cannot decide',
        body: html`<p class="prose">The environment <strong>${web.env}</strong> takes no decision by link alone. If you are asked to decide, ${elsewhere(web)}.</p>${jobLink(web, refusal)}<p class="quiet">Nothing was recorded.</p>`,
      };

const unknown: Ending = {
  title: 'This link opens nothing',
  body: html`<p class="prose">It may have been cut off on its way: a whole link ends in 43 letters, digits, <code>-</code> or <code>_</code>. Open it from the message itself, or ask for a new one.</p>`,
};

const endingOf = (web: Web, refusal: Refusal): Ending => {
  const { reason } = refusal.extra;
  if (reason === 'sign_in') return notEnough(web, refusal);
  if (refusal.code === 'LINK_EXPIRED') return (reason === 'expired' ? expired : revoked)(web, refusal);
  if (refusal.code === 'NOT_FOUND') return unknown;
  return { title: problemOf(refusal).title, body: html`<p class="prose"><bdi>${visible(refusal.message)}</bdi></p>` };
};

/** The page of a link that leads nowhere (any more): why, and what to do next. */
export const endedLink = async (web: Web, refusal: Refusal): Promise<Response> => {
  const { title, body } = endingOf(web, refusal);
  const { status, code } = problemOf(refusal);
  const main = html`<h1>${title}</h1>${body}<p class="quiet">${status} <code>${code}</code></p>`;
  const text = await page(web, { title, at: null, actor: null, bare: true, main });
  return new Response(String(text), { status, headers: { 'content-type': 'text/html; charset=utf-8' } });
};
