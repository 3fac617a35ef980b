import * as z from 'zod';
import { IDENTITY_CLAIMS, type SignInConfig, SignInMode } from '../../contracts/session.ts';

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

const isIssuer = (value: string): boolean => {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, search, hash } = new URL(value);
  return search === '' && hash === '' && (protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname)));
};

const words = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((word) => word.trim())
      .filter(Boolean),
  )
  .pipe(z.array(z.string()).min(1, 'must name at least one, comma-separated'));

const name = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1-200 printable ASCII characters without spaces');

/** Variables of sign-in. */
export const SIGN_IN_VARIABLES = {
  HOLDPOINT_SIGN_IN: SignInMode.default('off'),
  HOLDPOINT_OIDC_ISSUER: z.string().refine(isIssuer, 'must be an https address, or http on loopback, without query').optional(),
  HOLDPOINT_OIDC_CLIENT_ID: name.optional(),
  HOLDPOINT_OIDC_CLI_CLIENT_ID: name.optional(),
  HOLDPOINT_OIDC_CLIENT_SECRET: name.optional(),
  HOLDPOINT_OIDC_CLIENT_SECRET_ARN: z
    .string()
    .regex(/^arn:[a-z-]+:secretsmanager:/, 'must be the ARN of a secret')
    .optional(),
  HOLDPOINT_OIDC_AUDIENCE: words.optional(),
  HOLDPOINT_OIDC_GROUPS: words.optional(),
  /** People, and groups of people, who run the environment. Neither: everybody who is let in. */
  HOLDPOINT_OPERATORS: words.optional(),
  HOLDPOINT_OPERATOR_GROUPS: words.optional(),
  HOLDPOINT_OIDC_IDENTITY: z.enum(IDENTITY_CLAIMS).default('email'),
};

const Settings = z.object(SIGN_IN_VARIABLES);

/** Who comes in, under which name, and in which groups people run the environment. */
export const admissionOf = (settings: z.infer<typeof Settings>): SignInConfig['admission'] => ({
  identity: settings.HOLDPOINT_OIDC_IDENTITY,
  groups: settings.HOLDPOINT_OIDC_GROUPS ?? [],
  operators: settings.HOLDPOINT_OPERATOR_GROUPS ?? [],
});

const secretOf = (settings: z.infer<typeof Settings>): SignInConfig['secret'] => {
  const { HOLDPOINT_OIDC_CLIENT_SECRET: value, HOLDPOINT_OIDC_CLIENT_SECRET_ARN: arn } = settings;
  if (value !== undefined && arn !== undefined) {
    throw new Error(
      'HOLDPOINT_OIDC_CLIENT_SECRET and HOLDPOINT_OIDC_CLIENT_SECRET_ARN are both set: set one, or neither for a public client',
    );
  }
  if (value !== undefined) return { value };
  return arn === undefined ? null : { arn };
};

/**
 * Where people sign in; null when sign-in is off.
 * @throws Error naming the variable that is missing or contradicts another
 */
export const signInOf = (settings: z.infer<typeof Settings>): SignInConfig | null => {
  const { HOLDPOINT_SIGN_IN: mode, HOLDPOINT_OIDC_ISSUER: issuer, HOLDPOINT_OIDC_CLIENT_ID: client_id } = settings;
  if (mode === 'off') return null;
  const missing = (variable: string, allowed: string) =>
    new Error(`${variable} is missing: HOLDPOINT_SIGN_IN is "${mode}", so it must be ${allowed}; or set HOLDPOINT_SIGN_IN=off`);
  if (issuer === undefined) throw missing('HOLDPOINT_OIDC_ISSUER', 'the address of an OpenID provider');
  if (client_id === undefined) throw missing('HOLDPOINT_OIDC_CLIENT_ID', 'the client id that the provider gave this environment');
  const cli_client_id = settings.HOLDPOINT_OIDC_CLI_CLIENT_ID ?? client_id;
  return {
    ...{ mode, issuer, client_id, cli_client_id },
    secret: secretOf(settings),
    audiences: [...new Set([client_id, cli_client_id, ...(settings.HOLDPOINT_OIDC_AUDIENCE ?? [])])],
    admission: admissionOf(settings),
  };
};
