import type { Env } from '../../../adapters/env.ts';
import { admissionOf } from '../../../adapters/oidc/settings.ts';
import { Refusal } from '../../../contracts/commands.ts';
import { Claims } from '../../../contracts/session.ts';
import { type Caller, callerOfClaims } from './person.ts';
import { CLAIMS_HEADER } from './served.ts';

export type Identify = (request: Request) => Caller | Refusal;

/** Claims that the authorizer in front of this function verified. */
export const verifiedClaims = (request: Request): Claims | null => {
  const header = request.headers.get(CLAIMS_HEADER);
  return header === null ? null : Claims.parse(JSON.parse(decodeURIComponent(header)));
};

/** What the authorizer in front of a function verified, and nothing else. */
export const identifyVerified =
  (env: Env): Identify =>
  (request) => {
    const claims = verifiedClaims(request);
    return claims
      ? callerOfClaims(claims, admissionOf(env))
      : new Refusal('UNAUTHENTICATED', 'no verified identity; sign in with "holdpoint login" or send HOLDPOINT_TOKEN');
  };
