import type { KeyDifference } from '../../contracts/errors.ts';
import type { Cassette, CassetteMatch } from '../../contracts/llm.ts';

const SHOWN = 60;
const CONTEXT = 12;

const isNested = (value: unknown): value is Record<string, unknown> | unknown[] => typeof value === 'object' && value !== null;

const clip = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

const shown = (value: unknown): string | null =>
  value === undefined ? null : clip(typeof value === 'string' ? value : JSON.stringify(value));

/** For long texts the first place where they part says more than their beginnings. */
const shownTexts = (asked: string, recorded: string): { asked: string; recorded: string } => {
  if (asked.length <= SHOWN && recorded.length <= SHOWN) return { asked, recorded };
  let at = 0;
  while (asked[at] === recorded[at]) at++;
  const from = Math.max(0, at - CONTEXT);
  const cut = (text: string) => `${from > 0 ? '…' : ''}${clip(text.slice(from))}`;
  return { asked: cut(asked), recorded: cut(recorded) };
};

const pointerSegment = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** JSON pointers at which two values differ, with what each side has there (shortened). */
export const differences = (asked: unknown, recorded: unknown, pointer = ''): KeyDifference[] => {
  if (isNested(asked) && isNested(recorded) && Array.isArray(asked) === Array.isArray(recorded)) {
    const left = new Map(Object.entries(asked));
    const right = new Map(Object.entries(recorded));
    const keys = [...new Set([...left.keys(), ...right.keys()])];
    return keys.flatMap((key) => differences(left.get(key), right.get(key), `${pointer}/${pointerSegment(key)}`));
  }
  if (Object.is(asked, recorded)) return [];
  if (typeof asked === 'string' && typeof recorded === 'string') return [{ pointer, ...shownTexts(asked, recorded) }];
  return [{ pointer, asked: shown(asked), recorded: shown(recorded) }];
};

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
