import { createHash, createPublicKey } from 'node:crypto';
import type { KMSClient, KMSClientConfig } from '@aws-sdk/client-kms';
import type { DigestSigner } from '../../contracts/digest.ts';

const ALGORITHM = 'ECDSA_SHA_256';

/** Loaded with the first use: of all functions two ever need it. */
const connect = async (config: KMSClientConfig): Promise<KMSClient> => {
  const { KMSClient } = await import('@aws-sdk/client-kms');
  return new KMSClient(config);
};

/**
 * Signs with an asymmetric KMS key (ECC_NIST_P256), which never leaves KMS. KMS is sent the hash, since it takes at most 4 KiB
 * (https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html).
 */
export const kmsSigner = ({ keyArn, config }: { keyArn: string; config: KMSClientConfig }): DigestSigner => {
  let connected: Promise<KMSClient> | undefined;
  let key: Promise<string> | undefined;
  const kms = () => (connected ??= connect(config));
  const fetchKey = async (): Promise<string> => {
    const { GetPublicKeyCommand } = await import('@aws-sdk/client-kms');
    const { PublicKey } = await (await kms()).send(new GetPublicKeyCommand({ KeyId: keyArn }));
    if (!PublicKey) throw new Error(`KMS gave no public key of ${keyArn}`);
    return createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' })
      .export({ type: 'spki', format: 'pem' })
      .toString();
  };
  return {
    algorithm: ALGORITHM,
    publicKey: () => {
      key ??= fetchKey();
      key.catch(() => (key = undefined));
      return key;
    },
    sign: async (payload) => {
      const { SignCommand } = await import('@aws-sdk/client-kms');
      const Message = createHash('sha256').update(payload).digest();
      const command = new SignCommand({ KeyId: keyArn, Message, MessageType: 'DIGEST', SigningAlgorithm: ALGORITHM });
      const { Signature } = await (await kms()).send(command);
      if (!Signature) throw new Error(`KMS gave no signature of ${keyArn}`);
      return Signature;
    },
  };
};
