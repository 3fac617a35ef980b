import { createHash, randomBytes } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { type JWTPayload, SignJWT } from 'jose';
import { authenticated, clientOf, type LocalClient, mayReturnTo } from './clients.ts';
import { refusalPage, signInForm } from './form.ts';
import { ALGORITHM, type SigningKey } from './keys.ts';
import { type LocalPerson, PEOPLE } from './people.ts';

/** How long a code may be exchanged, in ms. */
const CODE_MS = 60_000;
const TOKEN_SECONDS = 3600;
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

type Grant = { client: LocalClient; person: LocalPerson; redirectUri: string; challenge: string; nonce: string | null; until: number };

export type ProviderOptions = {
  issuer: () => string;
  key: SigningKey;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Makes the ID token in place of the provider: where tests break things. */
  idToken?: ((claims: JWTPayload, sign: (claims: JWTPayload) => Promise<string>) => Promise<string>) | undefined;
};

const metadata = (issuer: string): Record<string, unknown> => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  response_types_supported: ['code'],
  response_modes_supported: ['query'],
  grant_types_supported: ['authorization_code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: [ALGORITHM],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  code_challenge_methods_supported: ['S256'],
  scopes_supported: ['openid', 'email', 'profile'],
  claims_supported: ['sub', 'name', 'email', 'email_verified', 'groups'],
  authorization_response_iss_parameter_supported: true,
});

/** What is wrong with an authorization request whose client is known (RFC 6749, section 4.1.2.1; RFC 7636, section 4.4.1). */
const fault = (request: URLSearchParams): [error: string, description: string] | null => {
  if (request.get('response_type') !== 'code') return ['unsupported_response_type', 'only the code flow is supported'];
  if (!(request.get('scope') ?? '').split(' ').includes('openid')) return ['invalid_scope', 'the scope must have openid'];
  if (request.get('code_challenge_method') !== 'S256' || !CHALLENGE.test(request.get('code_challenge') ?? '')) {
    return ['invalid_request', 'PKCE with S256 is required'];
  }
  return null;
};

const backTo = (redirectUri: string, answer: Record<string, string | null>): Response => {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(answer)) if (value !== null) url.searchParams.set(name, value);
  return new Response(null, { status: 303, headers: { location: url.href } });
};

const claimsOf = (person: LocalPerson): JWTPayload => ({
  sub: person.id,
  name: person.name,
  email: person.email,
  email_verified: true,
  groups: [...person.groups],
});

/** Signs `claims` with the provider's key. */
export const signer =
  ({ public: { kid }, key }: SigningKey) =>
  (claims: JWTPayload): Promise<string> =>
    new SignJWT(claims).setProtectedHeader({ alg: ALGORITHM, kid, typ: 'JWT' }).sign(key);

/** Claims of an ID token for a person, as the provider would issue it now. */
export const idTokenClaims = (
  { issuer, now }: Pick<ProviderOptions, 'issuer' | 'now'>,
  person: LocalPerson,
  audience: string,
): JWTPayload & { iat: number; exp: number } => {
  const iat = Math.floor(now() / 1000);
  return { iss: issuer(), aud: audience, iat, exp: iat + TOKEN_SECONDS, auth_time: iat, ...claimsOf(person) };
};

/** Codes, each good once and for a minute. */
const createGrants = (now: () => number) => {
  const grants = new Map<string, Grant>();
  return {
    issue(grant: Omit<Grant, 'until'>): string {
      const code = randomBytes(32).toString('base64url');
      for (const [old, { until }] of grants) if (until < now()) grants.delete(old);
      grants.set(code, { ...grant, until: now() + CODE_MS });
      return code;
    },
    /** The grant of a code that this very client may exchange now. A code that was shown once is used up. */
    redeem(client: LocalClient, form: URLSearchParams): Grant | null {
      const code = form.get('code') ?? '';
      const grant = grants.get(code);
      grants.delete(code);
      if (!grant || grant.until < now() || grant.client.id !== client.id || grant.redirectUri !== form.get('redirect_uri')) return null;
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      return challenge === grant.challenge ? grant : null;
    },
  };
};

type Known = { client: LocalClient; redirectUri: string };

/** Client and address of a request; only an address that is the client's own is ever sent anywhere. */
const knownClient = (request: URLSearchParams): Known | string => {
  const client = clientOf(request.get('client_id'));
  if (!client) return `there is no client "${(request.get('client_id') ?? '').slice(0, 100)}"`;
  const redirectUri = request.get('redirect_uri');
  if (!mayReturnTo(client, redirectUri)) return `client "${client.id}" may not return to "${(redirectUri ?? '').slice(0, 200)}"`;
  return { client, redirectUri };
};

/** A small OpenID provider: discovery, a form, tokens, keys. PKCE is required, and codes serve once. */
export const createProvider = (options: ProviderOptions): Hono => {
  const { issuer, key, now } = options;
  const grants = createGrants(now);
  const sign = signer(key);

  const authorize = (
    c: Context,
    request: URLSearchParams,
    decide: (known: Known) => Response | Promise<Response>,
  ): Response | Promise<Response> => {
    const known = knownClient(request);
    if (typeof known === 'string') return c.html(refusalPage(known), 400);
    const wrong = fault(request);
    if (!wrong) return decide(known);
    return backTo(known.redirectUri, { error: wrong[0], error_description: wrong[1], state: request.get('state'), iss: issuer() });
  };

  const answer = (request: URLSearchParams, { client, redirectUri }: Known): Response => {
    const common = { state: request.get('state'), iss: issuer() };
    const person = PEOPLE.find(({ id }) => id === request.get('person'));
    if (!person) return backTo(redirectUri, { error: 'access_denied', error_description: 'nobody was chosen', ...common });
    const challenge = request.get('code_challenge') ?? '';
    return backTo(redirectUri, { code: grants.issue({ client, person, redirectUri, challenge, nonce: request.get('nonce') }), ...common });
  };

  const exchange = async (authorization: string | undefined, form: URLSearchParams): Promise<[body: object, status: 200 | 400 | 401]> => {
    const client = authenticated(authorization, form);
    if (!client) return [{ error: 'invalid_client' }, 401];
    if (form.get('grant_type') !== 'authorization_code') return [{ error: 'unsupported_grant_type' }, 400];
    const grant = grants.redeem(client, form);
    if (!grant) return [{ error: 'invalid_grant', error_description: 'the code is unknown, used, or not for this request' }, 400];
    const claims = { ...idTokenClaims(options, grant.person, client.id), ...(grant.nonce === null ? {} : { nonce: grant.nonce }) };
    const id_token = await (options.idToken ?? ((unchanged) => sign(unchanged)))(claims, sign);
    return [{ access_token: randomBytes(32).toString('base64url'), token_type: 'Bearer', expires_in: TOKEN_SECONDS, id_token }, 200];
  };

  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    c.header('cache-control', 'no-store');
  });
  return app
    .get('/.well-known/openid-configuration', (c) => c.json(metadata(issuer())))
    .get('/jwks', (c) => c.json({ keys: [key.public] }))
    .get('/authorize', (c) => {
      const request = new URL(c.req.url).searchParams;
      return authorize(c, request, ({ client }) => c.html(signInForm(PEOPLE, client.id, request)));
    })
    .post('/authorize', async (c) => {
      const request = new URLSearchParams(await c.req.text());
      return authorize(c, request, (known) => answer(request, known));
    })
    .post('/token', async (c) => c.json(...(await exchange(c.req.header('authorization'), new URLSearchParams(await c.req.text())))));
};
