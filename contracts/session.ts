import * as z from 'zod';
import { ActorId } from './ids.ts';

/** `required`: nothing but a session or token counts. `optional`: whoever signs in is known by it. */
export const SIGN_IN_MODES = ['required', 'optional', 'off'] as const;
export const SignInMode = z.enum(SIGN_IN_MODES);
export type SignInMode = z.infer<typeof SignInMode>;

/** What is asked of every issuer. */
export const SIGN_IN_SCOPE = 'openid email profile';

/** How long a session lasts, in seconds. */
export const SESSION_SECONDS = 8 * 60 * 60;
/** How long a person may take to sign in at the issuer, in seconds. */
export const LOGIN_SECONDS = 10 * 60;
/** How far the issuer's clock may be off, in seconds. */
export const CLOCK_SKEW_SECONDS = 60;

/** Verified claims of an ID token or an access token (OpenID Connect Core 1.0, section 5.1). */
export const Claims = z.looseObject({ sub: z.string().min(1) });
export type Claims = z.infer<typeof Claims>;

/** Who signed in: what a session keeps. `groups`: those of theirs that run the environment. */
export const Person = z.object({ id: ActorId, groups: z.array(z.string()).default([]) });
export type Person = z.infer<typeof Person>;

/** What has to be remembered between leaving for the issuer and coming back. */
export const LoginState = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), return_to: z.string() });
export type LoginState = z.infer<typeof LoginState>;

/** `GET /auth/config`: what the command line needs to sign somebody in. */
export const SignInView = z.object({
  sign_in: SignInMode,
  issuer: z.url({ protocol: /^https?$/ }).nullable(),
  client_id: z.string().nullable(),
  scope: z.string(),
});
export type SignInView = z.infer<typeof SignInView>;

/**
 * Which claim names a person. One for everybody: whoever could choose between two would be two people, and could
 * approve what they submitted. `email` counts only where the issuer verified it.
 */
export const IDENTITY_CLAIMS = ['email', 'sub'] as const;
export type IdentityClaim = (typeof IDENTITY_CLAIMS)[number];

/** Who may come in, and under which name. */
export type Admission = {
  identity: IdentityClaim;
  /** One of these is needed; empty admits everybody the issuer vouches for. */
  groups: readonly string[];
  /** Groups whose members run the environment. */
  operators: readonly string[];
};

/** Where people sign in. */
export type SignInConfig = {
  mode: Exclude<SignInMode, 'off'>;
  issuer: string;
  client_id: string;
  /** The client of the command line, which keeps no secret. */
  cli_client_id: string;
  /** The client's secret, or where it is kept; null for a public client. */
  secret: { value: string } | { arn: string } | null;
  /** Audiences that tokens of the JSON API may be meant for. */
  audiences: string[];
  admission: Admission;
};

export type SignInFailure =
  /** The issuer said no, or the person did. */
  | 'denied'
  /** Signature, issuer, audience, nonce, state or code are not right. */
  | 'invalid'
  | 'expired'
  /** The issuer does not answer, or answers nonsense. */
  | 'unreachable';

/** Nobody was signed in. The message is for people; it holds no token and no code. */
export class SignInFailed extends Error {
  override name = 'SignInFailed';
  readonly why: SignInFailure;
  constructor(why: SignInFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.why = why;
  }
}

/** An OpenID provider. Every method throws `SignInFailed`. */
export type Issuer = {
  /** Starts an authorization code flow with PKCE. `fresh` asks the issuer to ask for credentials again. */
  begin(options: { redirectUri: string; fresh: boolean }): Promise<{ url: string } & Omit<LoginState, 'return_to'>>;
  /** Exchanges the code of the callback for the claims of a verified ID token. */
  finish(callback: URL, expected: Omit<LoginState, 'return_to'>): Promise<Claims>;
  /** Verifies a bearer token: signature, issuer, audience, times. */
  verify(token: string): Promise<Claims>;
};
