import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import type { DigestSigner } from '../../contracts/digest.ts';
import { digestPayload, draftDigest, isSigned, readKey } from '../../functions/lib/digest/digest.ts';
import { NO_DIGEST } from '../../functions/lib/digest/verify-digests.ts';
import { fileSigner } from './file.ts';
import { kmsSigner } from './kms.ts';

const KEY_ARN = 'arn:aws:kms:us-east-1:000000000000:key/1';

/** A digest larger than what KMS takes as a message. */
const signWith = async (signer: DigestSigner) => {
  const key = readKey(await signer.publicKey());
  const heads = Array.from({ length: 100 }, (_, n) => ({
    job_id: n.toString(16).padStart(12, '0'),
    since: 0,
    seq: 1,
    hash: 'a'.repeat(64),
  }));
  const place = { seq: 1, at: '2026-01-01T00:00:00.000Z', interval_s: 10, prev_hash: NO_DIGEST.hash, key_id: key.id };
  const draft = draftDigest({ ...place, algorithm: signer.algorithm }, heads);
  const signature = Buffer.from(await signer.sign(digestPayload(draft))).toString('hex');
  return { digest: { ...draft, signature }, key };
};

test('a digest signed with the key file verifies with its public half, and not once it was changed', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-sign-'));
  writeFileSync(join(folder, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(join(folder, 'key.pub.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  const { digest, key } = await signWith(fileSigner(join(folder, 'key.pem')));
  expect(isSigned(digest, key)).toBe(true);
  expect(isSigned({ ...digest, interval_s: 11 }, key)).toBe(false);
  const verifier = fileSigner(join(folder, 'key.pub.pem'));
  expect(readKey(await verifier.publicKey()).id).toBe(key.id);
  await expect(verifier.sign(new Uint8Array())).rejects.toThrow();
});

test('KMS is sent the hash of the digest, and what it answers verifies', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const kms = mockClient(KMSClient);
  kms.on(GetPublicKeyCommand).resolves({ PublicKey: publicKey.export({ type: 'spki', format: 'der' }) });
  const signer = kmsSigner({ keyArn: KEY_ARN, config: {} });
  let payload: Uint8Array = new Uint8Array();
  kms.on(SignCommand).callsFake(() => ({ Signature: sign('sha256', payload, privateKey) }));
  const { digest, key } = await signWith({ ...signer, sign: (bytes) => signer.sign((payload = bytes)) });
  expect(isSigned(digest, key)).toBe(true);
  const [call] = kms.commandCalls(SignCommand);
  expect(call?.args[0].input).toEqual({
    KeyId: KEY_ARN,
    Message: createHash('sha256').update(payload).digest(),
    MessageType: 'DIGEST',
    SigningAlgorithm: 'ECDSA_SHA_256',
  });
});

test('the public key is fetched once, and again after a failure', async () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const kms = mockClient(KMSClient);
  kms
    .on(GetPublicKeyCommand)
    .rejectsOnce(new Error('throttled'))
    .resolves({ PublicKey: publicKey.export({ type: 'spki', format: 'der' }) });
  const signer = kmsSigner({ keyArn: KEY_ARN, config: {} });
  await expect(signer.publicKey()).rejects.toThrow('throttled');
  await Promise.all([signer.publicKey(), signer.publicKey()]);
  await signer.publicKey();
  expect(kms.commandCalls(GetPublicKeyCommand)).toHaveLength(2);
});
