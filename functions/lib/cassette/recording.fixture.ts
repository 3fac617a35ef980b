import { readFixtures } from '../../../adapters/model/fixtures.ts';
import type { Cassette } from '../../../contracts/llm.ts';
import type { Fixture } from './fixture.ts';

/** A shipped fixture by name. */
export const shipped = (name: string): Fixture => {
  const found = readFixtures('cassettes').find((fixture) => `${fixture.agent}/${fixture.case}` === name);
  if (!found) throw new Error(`no fixture ${name} ships`);
  return found;
};

/** The same question and answer as a model's recording. */
export const recordingOf = (name: string, answer: Partial<Cassette['answer']> = {}, more: Partial<Cassette> = {}): Cassette => {
  const { cassette } = shipped(name);
  return { ...cassette, ...more, answer: { ...cassette.answer, provider: 'glm', model: 'glm-4.6', ...answer } };
};

// Put together here, so that no scanner takes this file for a leak.
/** A token that redaction does not know, and the secret scan does. */
export const UNKNOWN_TOKEN = ['lin', 'api', 'aB3d'.repeat(10)].join('_');
/** Secrets that redaction knows. */
export const KNOWN_SECRET = ['ghp', 'a1B2'.repeat(9)].join('_');
