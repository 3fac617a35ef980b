import type { Window } from '../../../contracts/blueprint.ts';
import { namedDays } from './dates.ts';
import { type GuardContext, quote, type Subject } from './subject.ts';

/** What a text may quote. */
export type SupportedNumbers = {
  /** Measured or configured values; fractions may be quoted as percent. */
  values: readonly number[];
  /** Dates must lie inside one of these windows. */
  windows: readonly Window[];
  /** Words with digits in them that are names, such as symbols. */
  names: readonly string[];
};

const NUMBER =
  /(?<![\w.])(?<![\d.,][-–])([-+−]?)[$€£]?(\d[\d,]*(?:\.\d+)?|\.\d+)\s?(%|percent\b|per cent\b|percentage points?\b|bps\b|basis points?\b|thousand\b|million\b|k\b|m\b|bn\b)?/gi;
const NAME = /(?<![\w.])[A-Za-z_^]\w*\d\w*/g;
const LIST_MARK = /^[ \t]*\d{1,2}[.)](?=\s)/gm;
/** Words near an unsigned number that say it stands for a negative one. */
const NEGATIVE =
  /\b(?:loss|losses|lost|lose|loses|fell|falls?|fallen|drawdowns?|declin\w*|drop\w*|down|negative|below|worse|lower|under\w*|minus|behind|shortfall|lag\w*|trail\w*|less|short)\b/i;
const NEAR = 80;

type Quoted = { sign: number; shown: number; decimals: number; unit: string; words: string; index: number };

const SCALES: Record<string, number> = { k: 1e3, thousand: 1e3, m: 1e6, million: 1e6, bn: 1e9 };

const scaleOf = (unit: string): number => (/^(?:%|per)/i.test(unit) ? 0.01 : (SCALES[unit.toLowerCase().split(' ')[0] ?? ''] ?? 1));

const quotedIn = (text: string): Quoted[] =>
  [...text.matchAll(NUMBER)].map((match) => {
    const [words, sign = '', digits = '', unit = ''] = match;
    const plain = digits.replaceAll(',', '');
    return {
      sign: sign === '' ? 0 : sign === '+' ? 1 : -1,
      shown: Number(plain),
      decimals: plain.split('.')[1]?.length ?? 0,
      unit,
      words,
      index: match.index,
    };
  });

/** "3 bps" may stand for 0.0003 or for a value that is configured in basis points. */
const scalesOf = (unit: string): number[] => (/^b[pa]s/i.test(unit) ? [1e-4, 1] : [scaleOf(unit)]);

/** Whether `value`, rounded as shown, reads as the quoted number. */
const rounds = (quoted: Quoted, value: number): boolean => scalesOf(quoted.unit).some((scale) => roundsAt(quoted, value, scale));

const roundsAt = ({ shown, decimals }: Quoted, value: number, scale: number): boolean => {
  const magnitude = Math.abs(value) / scale;
  const tolerance = 0.5 * 10 ** -decimals * (1 + 1e-9) + 1e-9;
  // "1" for 0.62 is a rounding that says nothing: whole numbers must be whole, large, or percent.
  const coarse = scale === 1 && decimals === 0 && magnitude < 10;
  return coarse ? shown === magnitude : Math.abs(shown - magnitude) <= tolerance;
};

const signFits = (quoted: Quoted, value: number, text: string): boolean => {
  if (value === 0) return true;
  if (quoted.sign !== 0) return quoted.sign === Math.sign(value) || (quoted.sign < 0 && NEGATIVE.test(around(text, quoted)));
  return value > 0 || NEGATIVE.test(around(text, quoted));
};

const around = (text: string, { index, words }: Quoted): string => text.slice(Math.max(0, index - NEAR), index + words.length + NEAR);

const inWindow = (windows: readonly Window[], days: { start: string; end: string }): boolean =>
  windows.some((w) => days.start <= w.end && days.end >= w.start);

const unsupportedIn = (text: string, { values, windows, names }: SupportedNumbers): string[] => {
  const dates = namedDays(text);
  const isYearValue = (words: string) => values.some((v) => String(v) === words.trim());
  const outside = dates.days.filter((d) => !inWindow(windows, d) && !isYearValue(d.words)).map((d) => d.words);
  let rest = dates.rest.replace(LIST_MARK, (mark) => ' '.repeat(mark.length));
  const allowed = new Set(names);
  const unknownNames = [...rest.matchAll(NAME)].map((m) => m[0]).filter((name) => !allowed.has(name));
  for (const name of names) rest = rest.replaceAll(name, ' '.repeat(name.length));
  const unsupported = quotedIn(rest)
    .filter((quoted) => !values.some((value) => rounds(quoted, value) && signFits(quoted, value, rest)))
    .map((quoted) => quoted.words.trim());
  return [...outside, ...unknownNames, ...unsupported];
};

/** Numbers of a text that are not among the metrics it was given. */
export const unsupportedNumbers = (subject: Subject, { numbers }: Pick<GuardContext, 'numbers'>) => {
  if (!numbers) return [];
  return subject.leaves
    .filter(({ key, pointer }) => !key && pointer !== '/schema_version')
    .flatMap(({ pointer, text }) =>
      unsupportedIn(text, numbers).map((words) => ({
        pointer,
        message: `${quote(words)} is not among the metrics, rounded or as percent; quote a measured number or leave it out`,
      })),
    );
};
