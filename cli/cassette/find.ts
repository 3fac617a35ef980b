import type { Cassette } from '../../contracts/llm.ts';
import type { Fixture } from '../../functions/lib/cassette/fixture.ts';
import { CliError, EXIT, usage } from '../exit.ts';
import type { Context } from '../runner.ts';
import { readFolderIfThere } from './folder.ts';
import { findRecorded, loadRecorded, matchesKey, nameOf, parseKey } from './recorded.ts';

/** A recording by the name people gave it: a case of the fixtures, or a key. */
export type Found = { name: string; cassette: Cassette; fixture: Fixture | null };

export const caseName = ({ agent, case: name }: Pick<Fixture, 'agent' | 'case'>): string => `${agent}/${name}`;

const foundFixture = (fixture: Fixture): Found => ({ name: caseName(fixture), cassette: fixture.cassette, fixture });

const byCase = (fixtures: readonly Fixture[], text: string): Fixture | undefined => {
  const [one, another] = fixtures.filter((fixture) => caseName(fixture) === text || fixture.case === text);
  if (one && another)
    throw usage(`"${text}" is a case of ${one.agent} and of ${another.agent}`, `say which: ${caseName(one)} or ${caseName(another)}`);
  return one;
};

/** Fixtures under a key, or one they were kept under before. */
const byKey = (fixtures: readonly Fixture[], text: string): Fixture | undefined => {
  const reference = parseKey(text);
  return reference === null
    ? undefined
    : fixtures.find(({ agent, cassette, notes }) =>
        [cassette.key, ...notes.aliases].some((key) => matchesKey({ agent, key, n: cassette.n }, reference)),
      );
};

/**
 * Looks among the fixtures first, then in the running environment.
 * @throws CliError exit 4 when there is no such recording, exit 2 when the name means several
 */
export const findCassette = async (context: Context, folder: string, text: string): Promise<Found> => {
  const fixtures = await readFolderIfThere(folder);
  const fixture = byCase(fixtures, text) ?? byKey(fixtures, text);
  if (fixture) return foundFixture(fixture);
  const reference = parseKey(text);
  if (reference === null) {
    const known = fixtures.map(caseName).join(', ');
    throw new CliError(
      'NOT_FOUND',
      EXIT.notFound,
      `there is no fixture "${text}" in ${folder}${known === '' ? '' : ` (there are ${known})`}`,
      {
        next: 'name a case as agent/case, or a key by at least 6 hex characters',
      },
    );
  }
  const api = await context.connect();
  const name = await findRecorded(api, reference);
  return { name: nameOf(name), cassette: await loadRecorded(api, name), fixture: null };
};
