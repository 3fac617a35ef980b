import { createServer, type ServerResponse } from 'node:http';
import type { Configuration } from 'openid-client';
import * as z from 'zod';
import { CLOCK_SKEW_SECONDS, LOGIN_SECONDS } from '../contracts/session.ts';
import { isLoopback } from './api.ts';
import { CliError, EXIT, interrupted, usage } from './exit.ts';
import { clean } from './text.ts';

export type SignedIn = { token: string; id: string; expiresAt: string };

type Options = {
  issuer: string;
  clientId: string;
  scope: string;
  /** Port the browser comes back to; 0 picks a free one. */
  port: number;
  /** Told the address to open. */
  show: (url: string) => void;
  interrupted: AbortSignal;
};

type Callback = { url: URL; answer: (status: number, text: string) => void };

const PAGE = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', connection: 'close' };

const answering = (response: ServerResponse) => (status: number, text: string) => void response.writeHead(status, PAGE).end(`${text}\n`);

const TOO_LATE = new CliError('UNAUTHENTICATED', EXIT.waiting, `nobody signed in within ${LOGIN_SECONDS / 60} minutes`, {
  next: 'run "holdpoint login" again',
});

/** Waits on loopback for the browser to come back (RFC 8252, section 7.3). Other requests do not end the wait. */
const listenForCallback = async (port: number, state: string, stop: AbortSignal) => {
  const { promise, resolve, reject } = Promise.withResolvers<Callback>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', redirectUri);
    const answer = answering(response);
    if (request.method !== 'GET' || url.pathname !== '/callback') return answer(404, 'There is nothing here.');
    if (url.searchParams.get('state') !== state)
      return answer(400, 'This is not the sign-in that is under way. Use the address the command printed.');
    resolve({ url, answer });
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      failed(usage(`port ${port} cannot be used (${error.code})`, 'choose another with --port')),
    );
    server.listen(port, '127.0.0.1', listening);
  });
  const address = server.address();
  const redirectUri = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}/callback`;
  const late = AbortSignal.timeout(LOGIN_SECONDS * 1000);
  stop.addEventListener('abort', () => reject(interrupted('nothing was stored')), { once: true });
  late.addEventListener('abort', () => reject(TOO_LATE), { once: true });
  promise.catch(() => {});
  return { redirectUri, callback: promise, close: () => server.close() };
};

const unreachable = (issuer: string, error: unknown): CliError => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = cause instanceof Error ? clean(cause.message) : String(cause);
  return new CliError('UNREACHABLE', EXIT.unavailable, `the sign-in service ${issuer} does not answer as it should (${why})`, {
    next: 'try again in a moment',
    cause: error,
  });
};

const refused = (error: unknown): CliError =>
  new CliError(
    'UNAUTHENTICATED',
    EXIT.forbidden,
    `the sign-in was not finished: ${error instanceof Error ? clean(error.message) : String(error)}`,
    {
      next: 'run "holdpoint login" again',
      cause: error,
    },
  );

const Tokens = z.object({ id_token: z.string() });
const Claims = z.object({ sub: z.string(), email: z.string().optional(), exp: z.number() });

/** Signs a person in through their browser: authorization code with PKCE, for a client without a secret. @throws CliError */
export const signInByBrowser = async ({ issuer, clientId, scope, port, show, interrupted: stop }: Options): Promise<SignedIn> => {
  // Only this verb needs it: the others start without.
  const client = await import('openid-client');
  const server = new URL(issuer);
  if (server.protocol !== 'https:' && !isLoopback(issuer)) throw usage(`the sign-in service ${issuer} is not an https address`);
  const execute = [client.enableNonRepudiationChecks, ...(server.protocol === 'http:' ? [client.allowInsecureRequests] : [])];
  const tolerance = { [client.clockTolerance]: CLOCK_SKEW_SECONDS };
  const config: Configuration = await client.discovery(server, clientId, tolerance, client.None(), { execute }).catch((error: unknown) => {
    throw unreachable(issuer, error);
  });
  const [state, nonce, verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()];
  const waiting = await listenForCallback(port, state, stop);
  try {
    const code_challenge = await client.calculatePKCECodeChallenge(verifier);
    const parameters = { redirect_uri: waiting.redirectUri, scope, state, nonce, code_challenge, code_challenge_method: 'S256' };
    show(client.buildAuthorizationUrl(config, parameters).href);
    const { url, answer } = await waiting.callback;
    try {
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
      const tokens = await client.authorizationCodeGrant(config, url, checks);
      const { sub, email, exp } = Claims.parse(tokens.claims());
      answer(200, 'You are signed in on the command line. You can close this tab.');
      return { token: Tokens.parse(tokens).id_token, id: email ?? sub, expiresAt: new Date(exp * 1000).toISOString() };
    } catch (error) {
      answer(400, 'You were not signed in. The command line says why.');
      throw refused(error);
    }
  } finally {
    waiting.close();
  }
};
