import { type Context, Hono } from 'hono';
import { Refusal } from '../../../contracts/commands.ts';
import { LOGIN_SECONDS, LoginState, SESSION_SECONDS, SIGN_IN_SCOPE, SignInFailed, type SignInView } from '../../../contracts/session.ts';
import type { Web } from '../deps.ts';
import { loggedPath } from '../http/logged-path.ts';
import { notFound } from '../http/problem.ts';
import { readCookie, removeCookie, setCookie } from './cookies.ts';
import { notSignedIn, signedOut } from './pages.ts';
import { personOf } from './person.ts';
import { returnTo } from './return-to.ts';
import type { SignIn } from './sign-in.ts';

const CALLBACK = '/auth/callback';

const FAILURES = {
  denied: { status: 403, title: 'You were not signed in' },
  invalid: { status: 400, title: 'This sign-in could not be verified' },
  expired: { status: 400, title: 'This sign-in took too long' },
  unreachable: { status: 503, title: 'The sign-in service does not answer' },
} as const;

const failed = (web: Web, request: Request, error: unknown, to: string): Promise<Response> => {
  if (!(error instanceof SignInFailed)) throw error;
  // The path alone: the query holds the code.
  if (error.why !== 'denied') web.report?.(error, { method: request.method, path: loggedPath(request) });
  return notSignedIn(web, { ...FAILURES[error.why], detail: error.message, to });
};

const view = (signIn: SignIn | null): SignInView =>
  signIn
    ? { sign_in: signIn.config.mode, issuer: signIn.config.issuer, client_id: signIn.config.cli_client_id, scope: SIGN_IN_SCOPE }
    : { sign_in: 'off', issuer: null, client_id: null, scope: SIGN_IN_SCOPE };

/** Sends the browser to the issuer, to come back to a page of ours. */
export const leave = async (web: Web, signIn: SignIn, c: Context, return_to: string): Promise<Response> => {
  try {
    const redirectUri = new URL(CALLBACK, c.req.url).href;
    const { url, ...expected } = await signIn.issuer.begin({ redirectUri, fresh: c.req.query('fresh') === '1' });
    const sealed = await signIn.vault.seal('login', { ...expected, return_to }, LOGIN_SECONDS);
    c.header('set-cookie', setCookie(c.req.raw, 'login', sealed, LOGIN_SECONDS));
    return c.redirect(url, 302);
  } catch (error) {
    return failed(web, c.req.raw, error, return_to);
  }
};

const STALE =
  'It was started in another browser or tab, was used already, or took longer than ten minutes. Start again from here, and finish in this tab.';

/** The answer of the issuer, in the terms of the sign-in it belongs to: a session, or a page that says why not. */
const finish = async (web: Web, signIn: SignIn, c: Context, { return_to, ...expected }: LoginState): Promise<Response> => {
  try {
    const person = personOf(await signIn.issuer.finish(new URL(c.req.url), expected), signIn.config.admission);
    if (person instanceof Refusal) {
      const detail = person.message;
      return await notSignedIn(web, { status: 403, title: 'You may not enter here', detail, to: return_to, fresh: true });
    }
    const session = await signIn.vault.seal('session', person, SESSION_SECONDS);
    c.header('set-cookie', setCookie(c.req.raw, 'session', session, SESSION_SECONDS));
    return c.redirect(return_to, 303);
  } catch (error) {
    return failed(web, c.req.raw, error, return_to);
  }
};

const comeBack = async (web: Web, signIn: SignIn, c: Context): Promise<Response> => {
  const sealed = readCookie(c.req.raw, 'login');
  const login = sealed === null ? null : await signIn.vault.open('login', sealed, LoginState);
  if (!login?.ok || c.req.query('state') !== login.value.state) {
    // The cookie stays: a link from elsewhere must not break off the sign-in that is under way.
    return notSignedIn(web, { status: 400, title: 'This sign-in cannot be finished', detail: STALE, to: returnTo(null) });
  }
  const response = await finish(web, signIn, c, login.value);
  response.headers.append('set-cookie', removeCookie(c.req.raw, 'login'));
  return response;
};

/** Sign-in, sign-out and what the command line needs to know of them. */
export const sessionRoutes = (web: Web): Hono => {
  const app = new Hono();
  app.get('/auth/config', (c) => c.json(view(web.signIn ?? null)));
  const { signIn } = web;
  if (!signIn) return app.get('/auth/login', () => Promise.reject(notFound('sign-in, which is off in this environment,')));
  return app
    .get('/auth/login', (c) => leave(web, signIn, c, returnTo(c.req.query('return_to'))))
    .get(CALLBACK, (c) => comeBack(web, signIn, c))
    .post('/auth/logout', (c) => {
      c.header('set-cookie', removeCookie(c.req.raw, 'session'));
      return c.redirect('/auth/signed-out', 303);
    })
    .get('/auth/signed-out', () => signedOut(web));
};
