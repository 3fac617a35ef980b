import { createHmac, timingSafeEqual } from 'node:crypto';

export const TIMESTAMP_HEADER = 'X-Holdpoint-Timestamp';
export const SIGNATURE_HEADER = 'X-Holdpoint-Signature';

/** Age in seconds, either way, beyond which a request counts as replayed. */
export const REPLAY_WINDOW_SECONDS = 300;

const mac = (key: string, timestamp: string, body: string): string =>
  createHmac('sha256', key).update(`${timestamp}.${body}`).digest('hex');

/** Headers of a signed webhook: HMAC-SHA256, in hex, over `<timestamp>.<body>` with the UTF-8 bytes of the key. */
export const signBody = (key: string, body: string, at: Date): { [TIMESTAMP_HEADER]: string; [SIGNATURE_HEADER]: string } => {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  return { [TIMESTAMP_HEADER]: timestamp, [SIGNATURE_HEADER]: `v1=${mac(key, timestamp, body)}` };
};

export type Verification = { ok: true } | { ok: false; reason: 'malformed' | 'too_old_or_new' | 'wrong_signature' };

/**
 * What a receiver checks before it reads the body.
 * @param request header values as received, and the body's exact characters before any parsing
 * @param keys the key in use, and while it is being changed also the one before
 */
export const verifySignature = (
  request: { timestamp: string | null; signature: string | null; body: string },
  keys: readonly string[],
  now: Date,
): Verification => {
  const { timestamp, signature, body } = request;
  const given = /^v1=([0-9a-f]{64})$/.exec(signature ?? '')?.[1];
  if (given === undefined || timestamp === null || !/^\d{1,12}$/.test(timestamp)) return { ok: false, reason: 'malformed' };
  const expected = keys.map((key) => Buffer.from(mac(key, timestamp, body), 'hex'));
  if (!expected.some((one) => timingSafeEqual(one, Buffer.from(given, 'hex')))) return { ok: false, reason: 'wrong_signature' };
  const age = Math.abs(now.getTime() / 1000 - Number(timestamp));
  return age <= REPLAY_WINDOW_SECONDS ? { ok: true } : { ok: false, reason: 'too_old_or_new' };
};
