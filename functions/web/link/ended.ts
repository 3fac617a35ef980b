import { html } from 'hono/html';
import type { Refusal } from '../../../contracts/commands.ts';
import { JobId } from '../../../contracts/ids.ts';
import type { Web } from '../deps.ts';
import { problemOf } from '../http/problem.ts';
import { visible } from '../model/text.ts';
import { type Html, page } from '../pages/layout.ts';

type Ending = { title: string; body: Html };

const jobLink = (refusal: Refusal): Html | string => {
  const id = JobId.safeParse(refusal.extra['job_id']);
  return id.success ? html`<p><a class="button" href="/ui/jobs/${id.data}">Open the job</a></p>` : '';
};

const endingOf = (refusal: Refusal): Ending => {
  if (refusal.code === 'LINK_EXPIRED' && refusal.extra['reason'] === 'expired') {
    return {
      title: 'This link has expired',
      body: html`<p class="prose">Links stop working after a while, so that an old message decides nothing. That is no refusal: the job still waits for its answer.</p>
<p class="prose">Look for a newer message about it, or decide on the page of the job.</p>${jobLink(refusal)}`,
    };
  }
  if (refusal.code === 'LINK_EXPIRED') {
    return {
      title: 'This link was revoked',
      body: html`<p class="prose">Somebody who runs this environment took it back. It decides nothing any more; nothing was recorded.</p><p class="prose">Ask whoever sent it to you for a new one.</p>`,
    };
  }
  if (refusal.code === 'NOT_FOUND') {
    return {
      title: 'This link opens nothing',
      body: html`<p class="prose">It may have been cut off on its way: a whole link ends in 43 letters, digits, <code>-</code> or <code>_</code>. Open it from the message itself, or ask for a new one.</p>`,
    };
  }
  return { title: problemOf(refusal).title, body: html`<p class="prose"><bdi>${visible(refusal.message)}</bdi></p>` };
};

/** The page of a link that leads nowhere (any more): why, and what to do next. */
export const endedLink = async (web: Web, refusal: Refusal): Promise<Response> => {
  const { title, body } = endingOf(refusal);
  const { status, code } = problemOf(refusal);
  const main = html`<h1>${title}</h1>${body}<p class="quiet">${status} <code>${code}</code></p>`;
  const text = await page(web, { title, at: null, actor: null, bare: true, main });
  return new Response(String(text), { status, headers: { 'content-type': 'text/html; charset=utf-8' } });
};
