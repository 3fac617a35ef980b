import { Refusal } from '../../../contracts/commands.ts';
import { type Claims, type Issuer, Person, type SignInConfig, SignInFailed } from '../../../contracts/session.ts';
import { readCookie } from './cookies.ts';
import { type Caller, callerOf, callerOfClaims } from './person.ts';
import type { Vault } from './vault.ts';

/** Sign-in of one environment: who a request comes from, and what the sign-in routes need. */
export type SignIn = {
  config: SignInConfig;
  issuer: Issuer;
  vault: Vault;
  /** Verifies the token or session of a request. Never throws for what a caller sent: `caller` says what came of it. */
  recognise(request: Request): Promise<void>;
  /** Who a recognised request comes from. */
  caller(request: Request): Caller | Refusal;
};

type Options = {
  config: SignInConfig;
  issuer: Issuer;
  vault: Vault;
  /** Claims that were verified before the request came here. */
  verified: (request: Request) => Claims | null;
  /** Who asks where nobody signed in and sign-in is optional. */
  otherwise: (request: Request) => Caller | Refusal;
};

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;

const refusalOf = (failed: SignInFailed): Refusal =>
  failed.why === 'unreachable'
    ? new Refusal('INTERNAL', failed.message)
    : new Refusal('UNAUTHENTICATED', `${failed.message}; run "holdpoint login" for a new one`);

const ofBearer = async ({ issuer, config }: Options, header: string): Promise<Caller | Refusal> => {
  const token = BEARER.exec(header)?.[1];
  if (token === undefined) {
    return new Refusal('UNAUTHENTICATED', 'the Authorization header is not "Bearer <token>"; run "holdpoint login" for a token');
  }
  try {
    return callerOfClaims(await issuer.verify(token), config.admission);
  } catch (error) {
    if (error instanceof SignInFailed) return refusalOf(error);
    throw error;
  }
};

const ofSession = async ({ vault, config, otherwise }: Options, request: Request): Promise<Caller | Refusal> => {
  const sealed = readCookie(request, 'session');
  const opened = sealed === null ? null : await vault.open('session', sealed, Person);
  if (opened?.ok) return callerOf(opened.value);
  if (config.mode === 'optional') return otherwise(request);
  return new Refusal(
    'UNAUTHENTICATED',
    opened?.why === 'expired'
      ? 'your session has ended; sign in again'
      : 'nobody is signed in; sign in on the page, run "holdpoint login", or send HOLDPOINT_TOKEN',
  );
};

/** A token that is wrong is refused, never overlooked: whoever sends one means to be known by it. */
const recogniseAs = async (options: Options, request: Request): Promise<Caller | Refusal> => {
  const claims = options.verified(request);
  if (claims) return callerOfClaims(claims, options.config.admission);
  const header = request.headers.get('authorization');
  return header === null ? ofSession(options, request) : ofBearer(options, header);
};

export const createSignIn = (options: Options): SignIn => {
  const known = new WeakMap<Request, Caller | Refusal>();
  return {
    config: options.config,
    issuer: options.issuer,
    vault: options.vault,
    recognise: async (request) => void known.set(request, await recogniseAs(options, request)),
    caller: (request) => known.get(request) ?? new Refusal('UNAUTHENTICATED', 'nobody is signed in'),
  };
};
