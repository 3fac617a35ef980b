import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import * as client from 'openid-client';
import { CLOCK_SKEW_SECONDS, Claims, type Issuer, SIGN_IN_SCOPE, type SignInConfig, SignInFailed } from '../../contracts/session.ts';
import { clientSecret } from './client-secret.ts';

/** How long discovery and the client's secret serve, in ms: what changes there is picked up within this. */
const FRESH_MS = 10 * 60_000;
/** How long the issuer may take to answer, in seconds. */
const TIMEOUT_SECONDS = 8;

// Never a shared secret: whoever knows the public key could sign with it (RFC 8725, section 2.1).
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

type Known = { config: client.Configuration; keys: JWTVerifyGetKey; issuer: string };

/** OAuth 2.0 (RFC 6749, section 2.3.1) wants Basic; some providers take the body only and say so. */
const authentication = (secret: string | null): client.ClientAuth => {
  if (secret === null) return client.None();
  const [basic, post] = [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)];
  return (as, who, body, headers) => {
    const methods = as.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    return (methods.includes('client_secret_basic') ? basic : post)(as, who, body, headers);
  };
};

const discover = async (settings: SignInConfig, region: string): Promise<Known> => {
  const secret = await clientSecret(settings.secret, region);
  const issuer = new URL(settings.issuer);
  const config = await client.discovery(
    issuer,
    settings.client_id,
    { [client.clockTolerance]: CLOCK_SKEW_SECONDS },
    authentication(secret),
    {
      timeout: TIMEOUT_SECONDS,
      // Only loopback issuers may be plain http; the settings refuse others.
      execute: [client.enableNonRepudiationChecks, ...(issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [])],
    },
  );
  const { jwks_uri, issuer: name } = config.serverMetadata();
  if (jwks_uri === undefined) throw new Error(`${settings.issuer} publishes no jwks_uri`);
  return { config, keys: createRemoteJWKSet(new URL(jwks_uri), { timeoutDuration: TIMEOUT_SECONDS * 1000 }), issuer: name };
};

const unreachable = (settings: SignInConfig, cause: unknown): SignInFailed =>
  new SignInFailed('unreachable', `the sign-in service ${settings.issuer} does not answer as it should; try again in a moment`, cause);

/** The codes by which openid-client marks what is wrong with an answer; all else is the network. */
const UNANSWERED = new Set(['OAUTH_TIMEOUT', 'OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_ABORT']);

const failureOf = (settings: SignInConfig, error: unknown): SignInFailed => {
  if (error instanceof client.AuthorizationResponseError) {
    const said = error.error_description ?? error.error;
    return new SignInFailed('denied', `the sign-in service did not sign you in: ${said.slice(0, 300)}`, error);
  }
  if (error instanceof client.ResponseBodyError) {
    return new SignInFailed('invalid', `the sign-in service refused to finish this sign-in (${error.error.slice(0, 100)})`, error);
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('OAUTH_') && !UNANSWERED.has(code)) {
    return new SignInFailed('invalid', 'the answer of the sign-in service could not be verified', error);
  }
  return unreachable(settings, error);
};

const tokenFailure = (settings: SignInConfig, error: unknown): SignInFailed => {
  if (error instanceof errors.JWTExpired) {
    return new SignInFailed('expired', `the token expired at ${new Date((error.payload.exp ?? 0) * 1000).toISOString()}`, error);
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new SignInFailed('invalid', `the token is not one for this environment: its "${error.claim}" is not accepted`, error);
  }
  if (error instanceof errors.JWKSTimeout) return unreachable(settings, error);
  if (error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC') {
    return new SignInFailed('invalid', `the token is not one that ${settings.issuer} signed`, error);
  }
  return unreachable(settings, error);
};

/** Libraries check when a token ends, not when it began: one from the future would outlive what its issuer meant. */
const begun = (claims: Claims, now: number): Claims => {
  const { iat } = claims;
  if (typeof iat !== 'number' || iat > now / 1000 + CLOCK_SKEW_SECONDS) {
    throw new SignInFailed(
      'invalid',
      'the token does not say when it was issued, or says it was in the future; see whether the clocks here and at the sign-in service are right',
    );
  }
  return claims;
};

/**
 * An OpenID provider, found by its issuer (OpenID Connect Discovery 1.0).
 * @param now milliseconds since 1970
 */
export const createIssuer = (settings: SignInConfig, { region, now }: { region: string; now: () => number }): Issuer => {
  let cached: { known: Promise<Known>; at: number } | undefined;
  const known = (): Promise<Known> => {
    if (!cached || now() - cached.at > FRESH_MS) {
      const found = discover(settings, region);
      cached = { known: found, at: now() };
      found.catch(() => (cached = undefined));
    }
    return cached.known;
  };
  return {
    async begin({ redirectUri, fresh }) {
      const { config } = await known().catch((error: unknown) => Promise.reject(unreachable(settings, error)));
      const [state, nonce, verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()];
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: SIGN_IN_SCOPE,
        ...{ state, nonce },
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...(fresh ? { prompt: 'login' } : {}),
      });
      return { url: url.href, state, nonce, verifier };
    },
    async finish(callback, { state, nonce, verifier }) {
      const { config } = await known().catch((error: unknown) => Promise.reject(unreachable(settings, error)));
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true };
      const tokens = await client.authorizationCodeGrant(config, callback, checks).catch((error: unknown) => {
        throw failureOf(settings, error);
      });
      return begun(Claims.parse(tokens.claims()), now());
    },
    async verify(token) {
      const { keys, issuer } = await known().catch((error: unknown) => Promise.reject(unreachable(settings, error)));
      const rules = { issuer, algorithms: ALGORITHMS, clockTolerance: CLOCK_SKEW_SECONDS, requiredClaims: ['exp', 'iat', 'sub'] };
      const { payload } = await jwtVerify(token, keys, { ...rules, audience: settings.audiences, currentDate: new Date(now()) }).catch(
        (error: unknown) => {
          throw tokenFailure(settings, error);
        },
      );
      const { azp } = payload;
      if (azp !== undefined && !settings.audiences.some((audience) => audience === azp)) {
        throw new SignInFailed('invalid', 'the token is not one for this environment: its "azp" is not accepted');
      }
      return begun(Claims.parse(payload), now());
    },
  };
};
