import { html } from 'hono/html';
import type { Problem } from '../../../contracts/http.ts';
import type { Web } from '../deps.ts';
import { visible } from '../model/text.ts';
import { page } from './layout.ts';

/** A problem as a page: what, which value, what next. */
export const errorPage = async (web: Web, problem: Problem): Promise<Response> => {
  const main = html`<h1>${problem.title}</h1>
<p class="prose"><bdi>${visible(problem.detail)}</bdi></p>
<p class="quiet">${problem.status} <code>${problem.code}</code></p>
<p><a href="/ui/jobs">All jobs</a> · <a href="/ui/approvals">What waits for approval</a></p>`;
  const body = await page(web, { title: problem.title, at: null, actor: null, main });
  return new Response(String(body), { status: problem.status, headers: { 'content-type': 'text/html; charset=utf-8' } });
};
