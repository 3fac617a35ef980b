import { html } from 'hono/html';
import type { Actor } from '../../../contracts/events.ts';
import type { Problem } from '../../../contracts/http.ts';
import type { Web } from '../deps.ts';
import { visible } from '../model/text.ts';
import { type Html, page } from '../pages/layout.ts';
import { notice } from '../pages/parts.ts';
import { loginUrl, pageOfRequest } from './return-to.ts';

type Sheet = { status: number; title: string; body: Html; actor?: Actor };

const sheet = async (web: Web, { status, title, body, actor }: Sheet): Promise<Response> => {
  const text = await page(web, { title, at: null, actor: actor ?? null, main: html`<h1>${title}</h1>${body}` });
  return new Response(String(text), { status, headers: { 'content-type': 'text/html; charset=utf-8' } });
};

const signInLink = (to: string, name = 'Sign in', fresh = false): Html =>
  // An approver's link is a secret: no page repeats it.
  to.startsWith('/a/')
    ? html`<p>To try again, open the link from your message once more.</p>`
    : html`<p><a class="button" href="${loginUrl(to, fresh)}">${name}</a></p>`;

const issuerName = (web: Web): string => {
  const issuer = web.signIn?.config.issuer;
  return issuer === undefined ? '' : new URL(issuer).host;
};

/** Asks whoever is not signed in to do so, and comes back to where they were. */
export const askToSignIn = (web: Web, problem: Problem, request: Request): Promise<Response> => {
  const lost =
    request.method === 'GET' || request.method === 'HEAD'
      ? ''
      : notice('wait', 'Nothing was recorded', html`<p>You were not signed in when you sent this. Sign in, then decide again.</p>`);
  return sheet(web, {
    status: 401,
    title: 'Sign in to go on',
    body: html`${lost}<p class="prose">The environment <strong>${web.env}</strong> shows jobs and takes decisions only from people who are signed in: the log records who decided. ${visible(problem.detail).startsWith('your session') ? 'Your session has ended.' : ''}</p>
${signInLink(pageOfRequest(request))}
<p class="quiet">You sign in at <bdi>${issuerName(web)}</bdi> and come back to this page.</p>`,
  });
};

/** A sign-in that came to nothing: why, and how to try again. */
export const notSignedIn = (
  web: Web,
  options: { status: number; title: string; detail: string; to: string; fresh?: boolean },
): Promise<Response> =>
  sheet(web, {
    status: options.status,
    title: options.title,
    body: html`<p class="prose"><bdi>${visible(options.detail)}</bdi></p>${signInLink(options.to, 'Try again', options.fresh === true)}
<p class="quiet">Nobody was signed in, and nothing was recorded.</p>`,
  });

export const signedOut = (web: Web): Promise<Response> =>
  sheet(web, {
    status: 200,
    title: 'You are signed out',
    body: html`<p class="prose">This browser no longer decides in your name. You may still be signed in at <bdi>${issuerName(web)}</bdi>; on a device you share, sign out there too.</p>
${signInLink('/ui/jobs', 'Sign in again', true)}`,
  });
