import { readKey, type VerifyingKey } from '../../functions/lib/digest/digest.ts';
import type { Api } from '../api.ts';
import { CliError, EXIT, usage } from '../exit.ts';
import { readInput } from '../files.ts';
import type { World } from '../world.ts';

const MAX_KEY_BYTES = 64 * 1024;

const parse = (pem: string, orElse: (why: string) => CliError): VerifyingKey => {
  try {
    return readKey(pem);
  } catch (error) {
    throw orElse(error instanceof Error ? error.message : String(error));
  }
};

/** The public key in a file. @throws CliError (exit 2) when it holds none */
export const keyFromFile = async (world: World, file: string): Promise<VerifyingKey> =>
  parse(await readInput(world, file, MAX_KEY_BYTES), (why) =>
    usage(`${file} holds no public key of digests (${why})`, 'save the one that GET /digests/key answers with'),
  );

/** The public key as the server gives it: proves that log and digests fit each other, not who signed them. */
export const keyFromServer = async (api: Api, signal: AbortSignal): Promise<VerifyingKey> => {
  const response = await api.open('/digests/key', { accept: 'application/x-pem-file' }, signal);
  return parse(
    await response.text(),
    (why) => new CliError('UNEXPECTED_ANSWER', EXIT.unavailable, `the server gave no public key (${why})`),
  );
};
