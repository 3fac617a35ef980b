import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { KeyRing } from '../../contracts/ports.ts';
import { canonicalJson } from './canonical-json.ts';
import { capabilityHash } from './capability.ts';

const tokenOf = (secret: string, capability: string, digest: string): Buffer => {
  // RFC 5869: what vouches for a form opens no link and signs no context.
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'holdpoint approval form', 32));
  return createHmac('sha256', key)
    .update(canonicalJson([capabilityHash(capability), digest]))
    .digest();
};

/** Proof that a form was made by the page of this link, for this evidence. */
export const formToken = (ring: KeyRing, capability: string, digest: string): string => {
  const secret = ring.keys[ring.current];
  if (!secret) throw new Error(`the key ring names "${ring.current}" as current but does not hold it`);
  return tokenOf(secret, capability, digest).toString('base64url');
};

/** True for a token of this link and evidence, made with any key of the ring: keys rotate while people read. */
export const isFormToken = (ring: KeyRing, token: string, capability: string, digest: string): boolean => {
  const given = Buffer.from(token, 'base64url');
  return Object.values(ring.keys).some((secret) => {
    const expected = tokenOf(secret, capability, digest);
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
};
