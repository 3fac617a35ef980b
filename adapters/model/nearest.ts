import type { KeyDifference } from '../../contracts/errors.ts';
import type { Cassette, CassetteMatch } from '../../contracts/llm.ts';
import { differences } from '../../functions/lib/cassette/differences.ts';

/** How much of two texts is the same from the start, 0-1: tells two recordings of one prompt version apart. */
const sharedPrefix = (a: CassetteMatch, b: CassetteMatch): number => {
  const left = a.messages.map((m) => m.content).join('\n');
  const right = b.messages.map((m) => m.content).join('\n');
  let at = 0;
  while (at < left.length && left[at] === right[at]) at++;
  return at / Math.max(1, left.length, right.length);
};

/** The recording whose key parts differ least from what was asked. Null when there is none. */
export const nearest = (asked: CassetteMatch, recorded: readonly Cassette[]): { cassette: Cassette; differs: KeyDifference[] } | null => {
  const ranked = recorded
    .map((cassette) => ({ cassette, differs: differences(asked, cassette.match), shared: sharedPrefix(asked, cassette.match) }))
    .sort((a, b) => a.differs.length - b.differs.length || b.shared - a.shared || (a.cassette.key < b.cassette.key ? -1 : 1));
  return ranked[0] ?? null;
};
