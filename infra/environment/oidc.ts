import * as z from 'zod';
import { ActorId } from '../../contracts/ids.ts';
import { IDENTITY_CLAIMS, SIGN_IN_MODES } from '../../contracts/session.ts';
import { secretArn } from './arns.ts';

const clientId = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1-200 printable ASCII characters without spaces');
const name = z.string().regex(/^[^\s,]{1,200}$/, 'must be a name without spaces and commas');

export const Oidc = z
  .strictObject({
    issuer: z.url({ protocol: /^https$/, error: 'must be an https URL' }),
    /** Audiences whose tokens the JSON API takes, besides those of the clients below. */
    audience: z.array(name).min(1),
    /** Client of the pages; the first audience where it is absent. It comes back to `/auth/callback`. */
    clientId: clientId.optional(),
    /** Client of `holdpoint login`, without a secret; that of the pages where it is absent. It comes back to `http://127.0.0.1:<port>/callback`. */
    cliClientId: clientId.optional(),
    /** Secret that holds the secret of the pages' client, as it is; absent for a public client. */
    clientSecretArn: secretArn.optional(),
    /** Who may come in: members of one of these. Absent: everybody the issuer vouches for. */
    groups: z.array(name).min(1).optional(),
    /** Claim that names a person in the log. */
    identity: z.enum(IDENTITY_CLAIMS).default('email'),
    signIn: z.enum(SIGN_IN_MODES).default('required'),
  })
  .transform(({ clientId: id, ...oidc }) => {
    const [first = ''] = oidc.audience;
    return { ...oidc, clientId: id ?? first, cliClientId: oidc.cliClientId ?? id ?? first };
  });

/** Who runs an environment: cancels, redrives, takes links back, changes flags, stops everything. */
export const Operators = z
  .strictObject({
    /** As the log names them. */
    people: z
      .array(ActorId.regex(/^[^,]*$/, 'must be a name without commas'))
      .max(50)
      .default([]),
    /** Members of one of these, by the claim `groups` or `cognito:groups`. */
    groups: z.array(name).max(20).default([]),
  })
  .refine(({ people, groups }) => people.length + groups.length > 0, 'must name people or groups');
