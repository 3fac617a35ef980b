import { createPrivateKey, createPublicKey } from 'node:crypto';
import * as z from 'zod';
import type { Handle } from '../wire.ts';
import { signDigest } from './ecdsa.ts';
import { jsonService, ServiceError } from './json-service.ts';

const ALGORITHM = 'ECDSA_SHA_256';
const USAGE = { KeyUsage: 'SIGN_VERIFY', SigningAlgorithms: [ALGORITHM] };

const Named = z.object({ KeyId: z.string() });
const Sign = Named.extend({
  Message: z.base64(),
  MessageType: z.literal('DIGEST', 'the local KMS signs what was hashed already: MessageType must be DIGEST'),
  SigningAlgorithm: z.literal(ALGORITHM, `the local KMS signs with ${ALGORITHM}`),
});

const read = <T>(schema: z.ZodType<T>, input: unknown): T => {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new ServiceError('ValidationException', z.prettifyError(parsed.error));
};

/**
 * AWS KMS on this machine: `Sign` and `GetPublicKey` of keys on P-256.
 * @param keys private key as PEM, by ARN
 */
export const createKms = (keys: Readonly<Record<string, () => string>>): Handle => {
  const keyOf = (id: string): { arn: string; pem: string } => {
    const [arn, pem] = Object.entries(keys).find(([one]) => one === id || one.endsWith(`:key/${id}`)) ?? [];
    if (arn === undefined || !pem) throw new ServiceError('NotFoundException', `Key '${id}' does not exist`);
    return { arn, pem: pem() };
  };
  return jsonService('KMS', {
    GetPublicKey: (input) => {
      const { arn, pem } = keyOf(read(Named, input).KeyId);
      const PublicKey = createPublicKey(pem).export({ format: 'der', type: 'spki' }).toString('base64');
      return { KeyId: arn, KeySpec: 'ECC_NIST_P256', ...USAGE, PublicKey };
    },
    Sign: (input) => {
      const { KeyId, Message } = read(Sign, input);
      const digest = Buffer.from(Message, 'base64');
      if (digest.length !== 32) throw new ServiceError('ValidationException', `Digest is invalid length for algorithm ${ALGORITHM}.`);
      const { arn, pem } = keyOf(KeyId);
      return { KeyId: arn, Signature: signDigest(digest, createPrivateKey(pem)).toString('base64'), SigningAlgorithm: ALGORITHM };
    },
  });
};
