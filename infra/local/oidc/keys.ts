import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import * as z from 'zod';

export const ALGORITHM = 'RS256';

export type SigningKey = { key: CryptoKey; public: JWK & { kid: string } };

/** `port` is kept with the key: sessions are bound to the issuer's address, and outlive a restart with it. */
const Kept = z.object({ port: z.int().min(1).max(65_535), key: z.record(z.string(), z.unknown()) });
export type Kept = z.infer<typeof Kept>;

const newKey = async (): Promise<Kept['key']> => {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  return { ...(await exportJWK(privateKey)) };
};

/** Key and port of the last start on this data folder; a new key where there was none. */
export const keptKey = async (file: string): Promise<{ key: Kept['key']; port: number | null }> =>
  existsSync(file) ? Kept.parse(JSON.parse(readFileSync(file, 'utf8'))) : { key: await newKey(), port: null };

export const keep = (file: string, kept: Kept): void => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(kept), { mode: 0o600 });
};

export const signingKey = async (jwk: Kept['key']): Promise<SigningKey> => {
  const key = await importJWK(jwk, ALGORITHM);
  if (key instanceof Uint8Array) throw new Error('the local sign-in key is no RSA key; delete oidc.json in the data folder');
  const { kty, n, e } = z.object({ kty: z.literal('RSA'), n: z.string(), e: z.string() }).parse(jwk);
  const kid = await calculateJwkThumbprint({ kty, n, e });
  return { key, public: { kty, n, e, kid, use: 'sig', alg: ALGORITHM } };
};
