import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cassette } from '../../contracts/llm.ts';
import type { Cassettes } from '../../contracts/ports.ts';
import { decodeFixture, FIXTURE_FILES, type Fixture } from '../../functions/lib/cassette/fixture.ts';

export type { Fixture } from '../../functions/lib/cassette/fixture.ts';

const folders = (dir: string): string[] =>
  readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();

const readFixture = (dir: string, agent: string, name: string): Fixture => {
  const path = (file: string) => join(dir, agent, name, file);
  return decodeFixture(agent, name, () => ({
    cassette: readFileSync(path(FIXTURE_FILES.cassette), 'utf8'),
    expected: readFileSync(path(FIXTURE_FILES.expected), 'utf8'),
    notes: existsSync(path(FIXTURE_FILES.notes)) ? readFileSync(path(FIXTURE_FILES.notes), 'utf8') : null,
  }));
};

/** Fixtures of `<dir>/<agent>/<case>/`, sorted. Throws `UnreadableDocument` naming a bad one. */
export const readFixtures = (dir: string): Fixture[] =>
  folders(dir).flatMap((agent) => folders(join(dir, agent)).map((name) => readFixture(dir, agent, name)));

/** The recordings that ship with the repository: what the local cloud seeds the cassette bucket with. */
export const shippedCassettes = (dir: string): Cassette[] => readFixtures(dir).map(({ cassette }) => cassette);

const nameOf = (agent: string, key: string, n: number): string => `${agent}/${key}.${n}`;

/** Recordings in memory, for replaying fixtures without a bucket. */
export const fixtureCassettes = (initial: readonly Cassette[] = []): Cassettes => {
  const kept = new Map(initial.map((c) => [nameOf(c.match.agent, c.key, c.n), c]));
  return {
    get: async (agent, key, n) => kept.get(nameOf(agent, key, n)) ?? null,
    create: async (cassette) => {
      const name = nameOf(cassette.match.agent, cassette.key, cassette.n);
      if (kept.has(name)) return false;
      kept.set(name, cassette);
      return true;
    },
    list: async (agent) =>
      [...kept.values()]
        .filter((c) => agent === undefined || c.match.agent === agent)
        .map((c) => ({ agent: c.match.agent, key: c.key, n: c.n }))
        .sort((a, b) => (nameOf(a.agent, a.key, a.n) < nameOf(b.agent, b.key, b.n) ? -1 : 1)),
  };
};
