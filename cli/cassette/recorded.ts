import * as z from 'zod';
import { AgentId, Sha256 } from '../../contracts/ids.ts';
import { Cassette } from '../../contracts/llm.ts';
import { type Api, withQuery } from '../api.ts';
import { CliError, EXIT, usage } from '../exit.ts';

const RecordedName = z.looseObject({ agent: AgentId, key: Sha256, n: z.int().min(0) });
export type RecordedName = z.infer<typeof RecordedName>;
const RecordedList = z.looseObject({ cassettes: z.array(RecordedName) });

/** Requests that are on their way at the same time. */
const AT_ONCE = 8;

/** `intent/3f2a….0`: how a recording is named where it has no case. */
export const nameOf = ({ agent, key, n }: Pick<RecordedName, 'agent' | 'key' | 'n'>): string => `${agent}/${key}.${n}`;

/** The same for people: keys are told apart by their beginnings. */
export const shortName = ({ agent, key, n }: Pick<RecordedName, 'agent' | 'key' | 'n'>): string => `${agent}/${key.slice(0, 12)}.${n}`;

export const listRecorded = async (api: Api, agent?: string): Promise<RecordedName[]> =>
  (await api.call('GET', withQuery('/cassettes', { agent }), RecordedList)).body.cassettes;

const pathOf = ({ agent, key, n }: RecordedName): string => `/cassettes/${agent}/${key}/${n}`;

export const loadRecorded = async (api: Api, name: RecordedName): Promise<Cassette> => (await api.call('GET', pathOf(name), Cassette)).body;

/** The document as the server has it, unread. */
export const loadDocument = async (api: Api, name: RecordedName): Promise<unknown> =>
  (await api.call('GET', pathOf(name), z.unknown())).body;

/** Answers of `load` in the order of `items`, a few at a time. */
export const inBatches = async <T, R>(items: readonly T[], load: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += AT_ONCE) results.push(...(await Promise.all(items.slice(i, i + AT_ONCE).map(load))));
  return results;
};

/** How a recording may be named: key, or its beginning, with agent and repeat index where they matter. */
export type KeyReference = { agent: string | undefined; key: string; n: number | undefined };

/** Null for text that names no key. */
export const parseKey = (text: string): KeyReference | null => {
  const [, agent, key, n] = /^(?:([a-z0-9][a-z0-9_-]{0,62})\/)?([0-9a-f]{6,64})(?:[./](\d{1,6}))?$/.exec(text) ?? [];
  return key === undefined ? null : { agent, key, n: n === undefined ? undefined : Number(n) };
};

export const matchesKey = (name: Pick<RecordedName, 'agent' | 'key' | 'n'>, { agent, key, n }: KeyReference): boolean =>
  name.key.startsWith(key) && (agent === undefined || name.agent === agent) && name.n === (n ?? 0);

/**
 * The one recording of the environment that a key means.
 * @throws CliError exit 4 when there is none, exit 2 when several begin so
 */
export const findRecorded = async (api: Api, reference: KeyReference): Promise<RecordedName> => {
  const found = (await listRecorded(api, reference.agent)).filter((name) => matchesKey(name, reference));
  const [one, another] = found;
  if (one && another)
    throw usage(
      `${reference.key} is the beginning of ${found.length} keys: ${found.slice(0, 3).map(shortName).join(', ')}`,
      'give more of the key',
    );
  if (one) return one;
  throw new CliError(
    'NOT_FOUND',
    EXIT.notFound,
    `the environment has no recording ${reference.key}${reference.n === undefined ? '' : `.${reference.n}`}`,
    {
      next: 'list those there are with "holdpoint cassette list"',
    },
  );
};
