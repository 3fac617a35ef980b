import { createECDH, type KeyObject, randomBytes } from 'node:crypto';

/** Order of the group that P-256 generates (SEC 2, section 2.4.2). */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const toBytes = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const mod = (value: bigint): bigint => ((value % N) + N) % N;

/** By Fermat: N is prime. */
const inverse = (value: bigint): bigint => {
  let [result, base] = [1n, mod(value)];
  for (let left = N - 2n; left > 0n; left >>= 1n) {
    if (left & 1n) result = mod(result * base);
    base = mod(base * base);
  }
  return result;
};

/** An integer of DER (X.690): a leading zero where the first bit would be a sign. */
const integer = (value: bigint): Buffer => {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  const body = (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(2, body.length), body]);
};

/**
 * ECDSA on P-256 over a digest that was made elsewhere (FIPS 186-5, section 6.4), as KMS signs with `MessageType: DIGEST`. Node itself
 * signs messages only. Not in constant time: for this machine alone.
 * @param digest 32 bytes
 * @returns the signature as DER
 */
export const signDigest = (digest: Uint8Array, key: KeyObject): Buffer => {
  const d = toNumber(Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url'));
  for (;;) {
    const k = mod(toNumber(randomBytes(40)));
    if (k === 0n) continue;
    const curve = createECDH('prime256v1');
    curve.setPrivateKey(toBytes(k));
    // The point uncompressed: 4, x, y.
    const r = mod(toNumber(curve.getPublicKey().subarray(1, 33)));
    const s = mod(inverse(k) * (toNumber(digest) + r * d));
    if (r === 0n || s === 0n) continue;
    const body = Buffer.concat([integer(r), integer(s)]);
    return Buffer.concat([Buffer.of(0x30, body.length), body]);
  }
};
