import type { KeyDifference } from '../../../contracts/errors.ts';
import type { Cassette } from '../../../contracts/llm.ts';
import { pointerOf, readOutput } from '../guard/subject.ts';

const SHOWN = 60;
const CONTEXT = 12;

export const isNested = (value: unknown): value is Record<string, unknown> | unknown[] => typeof value === 'object' && value !== null;

const clip = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

/** A value in few words; null for one that is absent. */
export const shown = (value: unknown): string | null =>
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

/** JSON pointers at which two values differ, with what each side has there (shortened). */
export const differences = (asked: unknown, recorded: unknown, pointer = ''): KeyDifference[] => {
  if (isNested(asked) && isNested(recorded) && Array.isArray(asked) === Array.isArray(recorded)) {
    const left = new Map(Object.entries(asked));
    const right = new Map(Object.entries(recorded));
    const keys = [...new Set([...left.keys(), ...right.keys()])];
    return keys.flatMap((key) => differences(left.get(key), right.get(key), `${pointer}${pointerOf([key])}`));
  }
  if (Object.is(asked, recorded)) return [];
  if (typeof asked === 'string' && typeof recorded === 'string') return [{ pointer, ...shownTexts(asked, recorded) }];
  return [{ pointer, asked: shown(asked), recorded: shown(recorded) }];
};

/** One place at which two recordings differ; null where a side has nothing. */
export type CassetteDifference = { pointer: string; a: string | null; b: string | null };

/** An answer that is JSON is compared member by member, as `/answer/output`; any other as text. */
const comparable = ({ answer, ...rest }: Cassette, parsed: boolean): Record<string, unknown> => {
  const { text, ...about } = answer;
  return { ...rest, answer: { ...about, ...(parsed ? { output: readOutput(text).value } : { text }) } };
};

/** What differs between two recordings: question, answer and where they come from. */
export const diffCassettes = (a: Cassette, b: Cassette): CassetteDifference[] => {
  const [left, right] = [readOutput(a.answer.text), readOutput(b.answer.text)];
  const parsed = left.error === null && right.error === null;
  const found = differences(comparable(a, parsed), comparable(b, parsed));
  const formatted = parsed && found.every(({ pointer }) => !pointer.startsWith('/answer/output')) && a.answer.text !== b.answer.text;
  const layout = formatted ? differences(a.answer.text, b.answer.text, '/answer/text') : [];
  return [...found, ...layout].map(({ pointer, asked, recorded }) => ({ pointer, a: asked, b: recorded }));
};
