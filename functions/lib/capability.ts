import { createHmac, hkdfSync } from 'node:crypto';
import type { Approval, IssuedLink } from '../../contracts/job-state.ts';
import type { KeyRing } from '../../contracts/ports.ts';
import { canonicalJson } from './canonical-json.ts';
import { sha256Hex } from './hash.ts';

/** 43 characters of base64url: 256 bits. */
export const CAPABILITY = /^[A-Za-z0-9_-]{43}$/;

type Place = { job_id: string; state: string; visit: number };

const linkKey = (ring: KeyRing, keyId: string): Buffer | null => {
  const secret = ring.keys[keyId];
  // RFC 5869: a key of its own purpose, so that a link says nothing about the key that signs contexts.
  return secret ? Buffer.from(hkdfSync('sha256', secret, '', 'holdpoint approval link', 32)) : null;
};

/**
 * The capability of one approver's link: opaque, and made again from the key ring wherever a message must be
 * sent again. Null when its key has left the ring.
 */
export const capabilityOf = (ring: KeyRing, place: Place, link: Pick<IssuedLink, 'approver' | 'key_id' | 'issue'>): string | null => {
  const key = linkKey(ring, link.key_id);
  const named = canonicalJson([place.job_id, place.state, place.visit, link.approver, link.issue]);
  return key && createHmac('sha256', key).update(named).digest('base64url');
};

/** How a capability is stored. */
export const capabilityHash = (capability: string): string => sha256Hex(`capability:${capability}`);

/** Links for these approvers, as the log keeps them. */
export const issueLinks = (ring: KeyRing, place: Place, approvers: readonly string[], issue: number, expires_at: string) =>
  approvers.map((approver) => {
    const link = { approver, key_id: ring.current, issue };
    const capability = capabilityOf(ring, place, link);
    if (!capability) throw new Error(`the key ring names "${ring.current}" as current but does not hold it`);
    return { ...link, hash: capabilityHash(capability), expires_at };
  });

/** Whom links go to: named approvers and who decides in their place, where a link is proof enough. */
export const linkedApprovers = ({ policy, delegations }: Pick<Approval, 'policy' | 'delegations'>): readonly string[] =>
  policy.proven_by.includes('link') ? [...new Set([...policy.approvers, ...delegations.map(({ to }) => to)])] : [];
