import { Refusal } from '../../../contracts/commands.ts';
import type { Actor } from '../../../contracts/events.ts';
import { ActorId } from '../../../contracts/ids.ts';
import type { Admission, Claims, IdentityClaim, Person } from '../../../contracts/session.ts';

/** Claims that carry group names: the common one, and Amazon Cognito's. */
const GROUP_CLAIMS = ['groups', 'cognito:groups'];

// API Gateway hands lists on as text: "[admins approvers]".
const namesIn = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.filter((one) => typeof one === 'string');
  return typeof value === 'string' ? value.replace(/^\[|\]$/g, '').split(/[\s,]+/) : [];
};

/** Which of these groups the claims say somebody is in. */
const groupsAmong = (claims: Claims, groups: readonly string[]): string[] => {
  const said = new Set(GROUP_CLAIMS.flatMap((claim) => namesIn(claims[claim])));
  return groups.filter((group) => said.has(group));
};

/** An address nobody confirmed is what its owner typed: it may be somebody else's. */
const verifiedEmail = ({ email, email_verified: verified }: Claims): string | null =>
  typeof email === 'string' && (verified === true || verified === 'true') ? email.toLowerCase() : null;

const nameOf = (claims: Claims, identity: IdentityClaim): string | Refusal =>
  (identity === 'sub' ? claims.sub : verifiedEmail(claims)) ??
  new Refusal(
    'FORBIDDEN',
    `the sign-in service sent no verified e-mail address for "${claims.sub.slice(0, 128)}"; have yours verified there, ask for the scope "email", or let this environment go by HOLDPOINT_OIDC_IDENTITY=sub`,
  );

/** Who verified claims speak of, or why that person may not come in. */
export const personOf = (claims: Claims, { identity, groups, operators }: Admission): Person | Refusal => {
  const name = nameOf(claims, identity);
  if (name instanceof Refusal) return name;
  const id = ActorId.safeParse(name);
  if (!id.success) {
    const shown = name.slice(0, 128);
    return new Refusal(
      'FORBIDDEN',
      `the sign-in service names you "${shown}", which the log cannot hold: ${id.error.issues[0]?.message}; let this environment go by another claim (HOLDPOINT_OIDC_IDENTITY)`,
    );
  }
  if (groups.length > 0 && groupsAmong(claims, groups).length === 0) {
    return new Refusal('FORBIDDEN', `${id.data} is in none of the groups this environment admits (${groups.join(', ')}); ask to be added`);
  }
  return { id: id.data, groups: groupsAmong(claims, operators) };
};

/** Somebody who asks, and which of the groups that run the environment they are in. */
export type Caller = { actor: Actor; groups: readonly string[] };

export const callerOf = ({ id, groups }: Person): Caller => ({ actor: { type: 'user', id, identity: 'oidc' }, groups });

/** Who asks, when the claims are all that is known. */
export const callerOfClaims = (claims: Claims, admission: Admission): Caller | Refusal => {
  const person = personOf(claims, admission);
  return person instanceof Refusal ? person : callerOf(person);
};
