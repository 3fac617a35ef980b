import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { DigestSigner } from '../../contracts/digest.ts';

/** Signs with an Ed25519 key in a PEM file: on this machine. With a file that holds the public key alone it verifies only. */
export const fileSigner = (file: string): DigestSigner => ({
  algorithm: 'Ed25519',
  publicKey: async () =>
    createPublicKey(await readFile(file, 'utf8'))
      .export({ type: 'spki', format: 'pem' })
      .toString(),
  sign: async (payload) => sign(null, payload, createPrivateKey(await readFile(file, 'utf8'))),
});
