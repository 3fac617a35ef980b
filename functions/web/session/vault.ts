import { hkdfSync } from 'node:crypto';
import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import type * as z from 'zod';
import type { KeyRing } from '../../../contracts/ports.ts';

/** What a sealed value is for: one made for another purpose does not open. */
export type Purpose = 'session' | 'login';

export type Opened<T> = { ok: true; value: T } | { ok: false; why: 'expired' | 'invalid' };

export type Vault = {
  /** Encrypts `value` so that it opens for `seconds` from now. */
  seal(purpose: Purpose, value: Record<string, unknown>, seconds: number): Promise<string>;
  open<T>(purpose: Purpose, sealed: string, schema: z.ZodType<T>): Promise<Opened<T>>;
};

const ENCRYPTION = 'A256GCM';

/** A key of its own for each purpose (RFC 5869): what signs contexts opens no session. */
const keyOf = (secret: string, purpose: Purpose): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, '', `holdpoint ${purpose} cookie v1`, 32));

/**
 * Cookies as encrypted JWTs (RFC 7519, `dir` with A256GCM). The ring's current key seals, retired ones still open.
 * @param audience what sessions are bound to: those of another issuer or environment do not open
 * @param now milliseconds since 1970
 */
export const createVault = (options: { ring: () => Promise<KeyRing>; audience: string; now: () => number }): Vault => {
  const { audience, now } = options;
  return {
    async seal(purpose, value, seconds) {
      const { current, keys } = await options.ring();
      const secret = keys[current];
      if (!secret) throw new Error(`the key ring names "${current}" as current but does not hold it`);
      const iat = Math.floor(now() / 1000);
      return new EncryptJWT({ ...value, iat, exp: iat + seconds, aud: audience })
        .setProtectedHeader({ alg: 'dir', enc: ENCRYPTION, kid: current })
        .encrypt(keyOf(secret, purpose));
    },
    async open(purpose, sealed, schema) {
      const { keys } = await options.ring();
      try {
        const { payload } = await jwtDecrypt(
          sealed,
          ({ kid = '' }) => {
            const secret = Object.hasOwn(keys, kid) ? keys[kid] : undefined;
            if (!secret) throw new errors.JWKSNoMatchingKey();
            return keyOf(secret, purpose);
          },
          {
            ...{ audience, currentDate: new Date(now()) },
            keyManagementAlgorithms: ['dir'],
            contentEncryptionAlgorithms: [ENCRYPTION],
            requiredClaims: ['exp', 'iat'],
          },
        );
        const parsed = schema.safeParse(payload);
        return parsed.success ? { ok: true, value: parsed.data } : { ok: false, why: 'invalid' };
      } catch (error) {
        if (error instanceof errors.JWTExpired) return { ok: false, why: 'expired' };
        if (error instanceof errors.JOSEError) return { ok: false, why: 'invalid' };
        throw error;
      }
    },
  };
};
