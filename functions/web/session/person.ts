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

const inGroup = (claims: Claims, groups: readonly string[]): boolean =>
  groups.length === 0 || GROUP_CLAIMS.some((claim) => namesIn(claims[claim]).some((group) => groups.includes(group)));

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
export const personOf = (claims: Claims, { identity, groups }: Admission): Person | Refusal => {
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
  if (!inGroup(claims, groups)) {
    return new Refusal('FORBIDDEN', `${id.data} is in none of the groups this environment admits (${groups.join(', ')}); ask to be added`);
  }
  return { id: id.data };
};

export const actorOfPerson = ({ id }: Person): Actor => ({ type: 'user', id, identity: 'oidc' });

/** Who acts, when the claims are all that is known. */
export const actorOfClaims = (claims: Claims, admission: Admission): Actor | Refusal => {
  const person = personOf(claims, admission);
  return person instanceof Refusal ? person : actorOfPerson(person);
};
