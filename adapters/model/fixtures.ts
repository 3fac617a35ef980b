import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asError, UnreadableDocument } from '../../contracts/errors.ts';
import { Cassette } from '../../contracts/llm.ts';
import type { Cassettes } from '../../contracts/ports.ts';
import { json } from '../../functions/lib/decode.ts';

/** A recorded interaction promoted to a fixture, and what its answer must parse to. */
export type Fixture = { agent: string; case: string; cassette: Cassette; expected: unknown };

const decode = json(Cassette);

const folders = (dir: string): string[] =>
  readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();

const readFixture = (dir: string, agent: string, name: string): Fixture => {
  const folder = join(dir, agent, name);
  try {
    const cassette = decode(readFileSync(join(folder, 'cassette.json'), 'utf8'));
    if (cassette.match.agent !== agent) throw new UnreadableDocument(`it was recorded for agent "${cassette.match.agent}", not "${agent}"`);
    return { agent, case: name, cassette, expected: JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) };
  } catch (error) {
    throw new UnreadableDocument(`fixture ${agent}/${name} cannot be read: ${asError(error).message}`, { cause: error });
  }
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
