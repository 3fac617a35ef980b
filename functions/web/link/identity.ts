import type { OpenedLink } from '../../../contracts/commands.ts';
import type { Actor } from '../../../contracts/events.ts';
import type { Web } from '../deps.ts';

/** As whom the reader of a link decides, or what has to happen first. */
export type Reader =
  /** By possession of the link alone: a program could have that. */
  | { kind: 'link'; actor: Actor }
  | { kind: 'person'; actor: Actor }
  /** The link is not proof enough here. */
  | { kind: 'unknown' }
  /** Somebody else is signed in. */
  | { kind: 'other'; actor: Actor };

const signedIn = (web: Web, request: Request): Actor | null => {
  const found = web.signIn?.caller(request);
  return found === undefined || found instanceof Error || found.actor.identity !== 'oidc' ? null : found.actor;
};

export const readerOf = (web: Web, request: Request, { approval, approver }: Pick<OpenedLink, 'approval' | 'approver'>): Reader => {
  const accepts = (proof: 'oidc' | 'link') => approval.policy.proven_by.includes(proof);
  const person = signedIn(web, request);
  if (person && person.id !== approver) return { kind: 'other', actor: person };
  if (person && accepts('oidc')) return { kind: 'person', actor: person };
  const byLink = accepts('link') && web.linkApproval && web.signIn?.config.mode !== 'required';
  return byLink ? { kind: 'link', actor: { type: 'user', id: approver, identity: 'link' } } : { kind: 'unknown' };
};
