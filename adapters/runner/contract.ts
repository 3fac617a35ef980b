import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asError } from '../../contracts/errors.ts';
import { type Check, CONTRACT_FILE, type RunnerPurpose, TestContract } from '../../contracts/runner.ts';
import { json } from '../../functions/lib/decode.ts';

const decode = json(TestContract);

/** The check of a checkout for a purpose, or why there is none. */
export const readCheck = async (checkout: string, purpose: RunnerPurpose): Promise<{ check: Check } | { problem: string }> => {
  try {
    const { checks } = decode(await readFile(join(checkout, CONTRACT_FILE), 'utf8'));
    const check = checks.find((one) => one.purpose === purpose);
    return check ? { check } : { problem: `${CONTRACT_FILE} has no check for the purpose "${purpose}"; add one` };
  } catch (thrown) {
    const { message } = asError(thrown);
    const missing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    return { problem: missing ? `there is no test contract; write ${CONTRACT_FILE} at its root` : `${CONTRACT_FILE}: ${message}` };
  }
};
