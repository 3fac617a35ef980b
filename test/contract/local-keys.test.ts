import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetPublicKeyCommand, KMSClient, ListKeysCommand, SignCommand } from '@aws-sdk/client-kms';
import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKeyRing } from '../../adapters/aws/key-ring.ts';
import { readEnv } from '../../adapters/env.ts';
import { kmsSigner } from '../../adapters/sign/kms.ts';
import { digestPayload, draftDigest, isSigned, readKey } from '../../functions/lib/digest/digest.ts';
import { NO_DIGEST } from '../../functions/lib/digest/verify-digests.ts';
import { createEndpoint } from '../../infra/local/endpoint.ts';
import { createKeys } from '../../infra/local/keys/keys.ts';
import { CONTEXT_SECRET_ARN, DIGEST_KEY_ARN, functionVariables } from '../../infra/local/settings.ts';
import { serveHttp } from '../../infra/local/wire.ts';
import { temporaryFolder } from '../support/cloud.ts';

const dataDir = temporaryFolder();
let close: () => Promise<void>;
let config: ConstructorParameters<typeof KMSClient>[0] & { endpoint: string };
let secrets: SecretsManagerClient;
let kms: KMSClient;

beforeAll(async () => {
  const { secrets: secretsmanager, kms: keys } = createKeys(dataDir);
  const server = await serveHttp(createEndpoint({ secretsmanager, kms: keys }), { port: 0, host: '127.0.0.1' });
  close = server.close;
  config = {
    endpoint: `http://127.0.0.1:${server.port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  };
  secrets = new SecretsManagerClient(config);
  kms = new KMSClient(config);
});
afterAll(async () => {
  await close();
  rmSync(dataDir, { recursive: true });
});

describe('Secrets Manager on this machine', () => {
  it.each([
    ['its ARN', CONTEXT_SECRET_ARN],
    ['its name', 'holdpoint-local-context-keys'],
    ['its ARN without the last six characters', CONTEXT_SECRET_ARN.slice(0, -7)],
  ])('gives a secret by %s', async (_, SecretId) => {
    const { ARN, SecretString, VersionStages } = await secrets.send(new GetSecretValueCommand({ SecretId }));
    expect({ ARN, VersionStages }).toEqual({ ARN: CONTEXT_SECRET_ARN, VersionStages: ['AWSCURRENT'] });
    expect(JSON.parse(SecretString ?? '')).toEqual({ current: 'k1', k1: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('has no other secret, no earlier version, and no other operation', async () => {
    const missing = { name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 400 } };
    await expect(secrets.send(new GetSecretValueCommand({ SecretId: 'holdpoint-local' }))).rejects.toMatchObject(missing);
    const earlier = new GetSecretValueCommand({ SecretId: CONTEXT_SECRET_ARN, VersionStage: 'AWSPREVIOUS' });
    await expect(secrets.send(earlier)).rejects.toMatchObject(missing);
    await expect(secrets.send(new CreateSecretCommand({ Name: 'x' }))).rejects.toMatchObject({
      name: 'NotImplemented',
      $metadata: { httpStatusCode: 501 },
    });
  });

  it('serves the key ring of a function, and a key that was added once somebody asks for it', async () => {
    const env = readEnv(functionVariables(dataDir, { aws: config.endpoint, web: 'http://127.0.0.1:1' }, {})('compile'));
    const ring = createKeyRing(env);
    expect((await ring()).current).toBe('k1');
    const file = join(dataDir, 'context-keys.json');
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), current: 'k2', k2: 'f'.repeat(64) }));
    expect((await ring()).current).toBe('k1');
    expect((await createKeyRing(env)()).current).toBe('k2');
  });
});

describe('KMS on this machine', () => {
  it('signs digests that verify with the public half it gives, every time', async () => {
    const signer = kmsSigner({ keyArn: DIGEST_KEY_ARN, config });
    const key = readKey(await signer.publicKey());
    for (let seq = 1; seq <= 20; seq++) {
      const place = { seq, at: '2026-01-01T00:00:00.000Z', interval_s: 10, prev_hash: NO_DIGEST.hash, key_id: key.id };
      const draft = draftDigest({ ...place, algorithm: signer.algorithm }, [
        { job_id: '0'.repeat(12), since: 0, seq, hash: 'a'.repeat(64) },
      ]);
      const digest = { ...draft, signature: Buffer.from(await signer.sign(digestPayload(draft))).toString('hex') };
      expect(isSigned(digest, key)).toBe(true);
      expect(isSigned({ ...digest, interval_s: 11 }, key)).toBe(false);
    }
  });

  it('refuses what KMS refuses, and says what it does not have', async () => {
    const sign = { KeyId: DIGEST_KEY_ARN, MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' } as const;
    await expect(kms.send(new SignCommand({ ...sign, Message: Buffer.alloc(31) }))).rejects.toMatchObject({ name: 'ValidationException' });
    const other = new SignCommand({ ...sign, Message: Buffer.alloc(32), SigningAlgorithm: 'ECDSA_SHA_384' });
    await expect(kms.send(other)).rejects.toThrow('signs with ECDSA_SHA_256');
    await expect(kms.send(new GetPublicKeyCommand({ KeyId: 'nobody' }))).rejects.toMatchObject({ name: 'NotFoundException' });
    await expect(kms.send(new ListKeysCommand({}))).rejects.toMatchObject({ name: 'NotImplemented', $metadata: { httpStatusCode: 501 } });
  });
});
