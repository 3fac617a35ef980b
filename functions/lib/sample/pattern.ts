import type { Dice } from './random.ts';

/** Repetitions of an open-ended quantifier beyond its minimum. */
const EXTRA = 2;
const PRINTABLE = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
const CLASSES: Record<string, readonly string[]> = {
  d: PRINTABLE.filter((c) => /\d/.test(c)),
  w: PRINTABLE.filter((c) => /\w/.test(c)),
  s: [' '],
  D: PRINTABLE.filter((c) => /\D/.test(c)),
  W: PRINTABLE.filter((c) => /\W/.test(c)),
  S: PRINTABLE.filter((c) => /\S/.test(c)),
};
const CONTROLS: Record<string, string> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', 0: '\0' };

/** Writes one text that a part of a pattern matches. */
type Writer = (dice: Dice) => string;
type Cursor = { source: string; at: number };

const unsupported = ({ source, at }: Cursor): Error =>
  new Error(`no sample can be made for the pattern ${JSON.stringify(source)}: what stands at character ${at} is not supported`);

const oneOf =
  (chars: readonly string[]): Writer =>
  (dice) =>
    chars[Math.floor(dice.next() * chars.length)] ?? '';

const escaped = (cursor: Cursor): readonly string[] => {
  const char = cursor.source[cursor.at++] ?? '';
  if (CLASSES[char]) return CLASSES[char];
  if (CONTROLS[char] !== undefined) return [CONTROLS[char]];
  const digits = char === 'u' ? 4 : char === 'x' ? 2 : 0;
  if (digits > 0) {
    const code = Number.parseInt(cursor.source.slice(cursor.at, cursor.at + digits), 16);
    cursor.at += digits;
    return [String.fromCharCode(code)];
  }
  if (/[a-zA-Z1-9]/.test(char)) throw unsupported(cursor);
  return [char];
};

const classChars = (cursor: Cursor): string[] => {
  const { source } = cursor;
  const negated = source[cursor.at] === '^';
  if (negated) cursor.at++;
  const chars: string[] = [];
  while (source[cursor.at] !== ']') {
    if (cursor.at >= source.length) throw unsupported(cursor);
    const char = source[cursor.at++] ?? '';
    const from = char === '\\' ? escaped(cursor) : [char];
    const to = source[cursor.at] === '-' && source[cursor.at + 1] !== ']' ? source[cursor.at + 1] : undefined;
    if (to === undefined || from.length !== 1) {
      chars.push(...from);
      continue;
    }
    cursor.at += 2;
    const last = to === '\\' ? escaped(cursor)[0] : to;
    for (let code = from[0]?.charCodeAt(0) ?? 0; code <= (last?.charCodeAt(0) ?? 0); code++) chars.push(String.fromCharCode(code));
  }
  cursor.at++;
  const allowed = negated ? PRINTABLE.filter((c) => !chars.includes(c)) : chars;
  if (allowed.length === 0) throw unsupported(cursor);
  return allowed;
};

const group = (cursor: Cursor): Writer => {
  if (cursor.source[cursor.at] === '?') {
    const named = /^\?(?::|<\w+>)/.exec(cursor.source.slice(cursor.at))?.[0];
    if (!named) throw unsupported(cursor);
    cursor.at += named.length;
  }
  const inner = alternation(cursor);
  if (cursor.source[cursor.at] !== ')') throw unsupported(cursor);
  cursor.at++;
  return inner;
};

const atom = (cursor: Cursor): Writer => {
  const char = cursor.source[cursor.at++] ?? '';
  if (char === '^' || char === '$') return () => '';
  if (char === '(') return group(cursor);
  if (char === '[') return oneOf(classChars(cursor));
  if (char === '.') return oneOf(PRINTABLE);
  if (char === '\\') return oneOf(escaped(cursor));
  if ('*+?{'.includes(char)) throw unsupported(cursor);
  return () => char;
};

const QUANTIFIER = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/;

/** How often an atom stands there: at least, and at most. */
const quantifier = (cursor: Cursor): [number, number] => {
  const match = QUANTIFIER.exec(cursor.source.slice(cursor.at));
  if (!match) return [1, 1];
  cursor.at += match[0].length;
  const [, sign, least = '', comma, most = ''] = match;
  if (sign === '?') return [0, 1];
  if (sign) return sign === '*' ? [0, EXTRA] : [1, 1 + EXTRA];
  const min = Number(least);
  return [min, comma === '' ? min : most === '' ? min + EXTRA : Number(most)];
};

const sequence = (cursor: Cursor): Writer => {
  const parts: Writer[] = [];
  while (cursor.at < cursor.source.length && cursor.source[cursor.at] !== '|' && cursor.source[cursor.at] !== ')') {
    const write = atom(cursor);
    const [min, max] = quantifier(cursor);
    parts.push((dice) => {
      const times = min + Math.floor(dice.next() * (max - min + 1));
      return Array.from({ length: times }, () => write(dice)).join('');
    });
  }
  return (dice) => parts.map((write) => write(dice)).join('');
};

function alternation(cursor: Cursor): Writer {
  const first = sequence(cursor);
  const branches: [Writer, ...Writer[]] = [first];
  while (cursor.source[cursor.at] === '|') {
    cursor.at++;
    branches.push(sequence(cursor));
  }
  return (dice) => dice.pick(branches)(dice);
}

const TRIES = 50;

/**
 * A text that matches `pattern` and has a length within bounds. Throws for a pattern with assertions, back references
 * or Unicode classes, and where no text of that length was found.
 */
export const samplePattern = (pattern: string, dice: Dice, bounds: { min: number; max: number }): string => {
  const cursor = { source: pattern, at: 0 };
  const write = alternation(cursor);
  if (cursor.at < pattern.length) throw unsupported(cursor);
  const compiled = new RegExp(pattern, 'u');
  for (let n = 0; n < TRIES; n++) {
    const text = write(dice);
    if (text.length >= bounds.min && text.length <= bounds.max && compiled.test(text)) return text;
  }
  throw new Error(`no sample of ${bounds.min} to ${bounds.max} characters was found for the pattern ${JSON.stringify(pattern)}`);
};
