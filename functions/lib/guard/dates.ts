/** A stretch of days a text names, and the words it does so with. */
export type NamedDays = { start: string; end: string; words: string };

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH =
  '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)';
const YEAR = '((?:19|20)\\d\\d)';
const TEENS = 'ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty'.split('|');
const SMALL = 'one|two|three|four|five|six|seven|eight|nine'.split('|');

const pad = (n: number): string => String(n).padStart(2, '0');

const lastDay = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

const day = (year: number, month: number, date: number, words: string): NamedDays[] => {
  if (month < 1 || month > 12 || date < 1 || date > lastDay(year, month)) return [];
  const text = `${year}-${pad(month)}-${pad(date)}`;
  return [{ start: text, end: text, words }];
};

const months = (year: number, first: number, last: number, words: string): NamedDays[] =>
  first < 1 || last > 12 ? [] : [{ start: `${year}-${pad(first)}-01`, end: `${year}-${pad(last)}-${pad(lastDay(year, last))}`, words }];

const monthNumber = (name: string): number => MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1;

type Form = { pattern: RegExp; read: (groups: string[], words: string) => NamedDays[] };

const form = (source: string, read: Form['read'], flags = 'gi'): Form => ({ pattern: new RegExp(source, flags), read });

/** Most precise first: what one form has read, the next ones do not see. */
const FORMS: readonly Form[] = [
  form(`(?<!\\d)${YEAR}\\s?[-/.]\\s?(\\d{1,2})\\s?[-/.]\\s?(\\d{1,2})(?!\\d)`, ([y, m, d], w) => day(Number(y), Number(m), Number(d), w)),
  form(`(?<![\\d.,])${YEAR}(0[1-9]|1[0-2])(0[1-9]|[12]\\d|3[01])(?!\\d)`, ([y, m, d], w) => day(Number(y), Number(m), Number(d), w)),
  // Day and month may be either way round: the later reading counts.
  form(`(?<!\\d)(\\d{1,2})\\s?[-/.]\\s?(\\d{1,2})\\s?[-/.]\\s?${YEAR}(?!\\d)`, ([a, b, y], w) =>
    [...day(Number(y), Number(a), Number(b), w), ...day(Number(y), Number(b), Number(a), w)]
      .sort((p, q) => (p.start < q.start ? 1 : -1))
      .slice(0, 1),
  ),
  form(`\\b${MONTH}\\.?\\s+(\\d{1,2})(?:st|nd|rd|th)?,?\\s+(?:of\\s+)?${YEAR}(?!\\d)`, ([m, d, y], w) =>
    day(Number(y), monthNumber(m ?? ''), Number(d), w),
  ),
  form(`(?<!\\d)(\\d{1,2})(?:st|nd|rd|th)?[\\s-]+(?:of\\s+)?${MONTH}\\.?,?[\\s-]+${YEAR}(?!\\d)`, ([d, m, y], w) =>
    day(Number(y), monthNumber(m ?? ''), Number(d), w),
  ),
  form(`\\b${MONTH}\\.?,?(?:[\\s/-]+|\\s+(?:of|in)\\s+)${YEAR}(?!\\d)`, ([m, y], w) =>
    months(Number(y), monthNumber(m ?? ''), monthNumber(m ?? ''), w),
  ),
  form(`(?<!\\d)${YEAR}[\\s,/-]+${MONTH}\\b`, ([y, m], w) => months(Number(y), monthNumber(m ?? ''), monthNumber(m ?? ''), w)),
  form(`\\b${MONTH}(?:\\s?['’]|-)(\\d\\d)(?![\\d])`, ([m, y], w) =>
    months(2000 + Number(y), monthNumber(m ?? ''), monthNumber(m ?? ''), w),
  ),
  form(`\\bQ([1-4])[\\s/-]*(?:of\\s+)?'?${YEAR}(?!\\d)`, ([q, y], w) => months(Number(y), Number(q) * 3 - 2, Number(q) * 3, w)),
  form(`(?<!\\d)${YEAR}[\\s/-]*Q([1-4])\\b`, ([y, q], w) => months(Number(y), Number(q) * 3 - 2, Number(q) * 3, w)),
  form(`(?<!\\d)${YEAR}-(0[1-9]|1[0-2])(?![\\d])`, ([y, m], w) => months(Number(y), Number(m), Number(m), w)),
  form(`(?<![\\d.,])(0[1-9]|1[0-2])[/.-]${YEAR}(?!\\d)`, ([m, y], w) => months(Number(y), Number(m), Number(m), w)),
  form(`(?<![\\w.])['’](\\d\\d)(?![\\w'’])`, ([y], w) => months(2000 + Number(y), 1, 12, w)),
  form(
    `(?<![\\d$€£.])${YEAR}(?![\\d%]|\\.\\d|,\\d{3}(?!\\d)|-?\\s?(?:bars?|days?|trades?|points?|shares?|sessions?|bps|USD|EUR)\\b)`,
    ([y], w) => months(Number(y), 1, 12, w),
  ),
  form(`\\btwenty[\\s-](${TEENS.join('|')})(?:[\\s-](${SMALL.join('|')}))?\\b(?!-)`, ([teen, one], w) =>
    months(2010 + TEENS.indexOf((teen ?? '').toLowerCase()) + SMALL.indexOf((one ?? '').toLowerCase()) + 1, 1, 12, w),
  ),
  form(`\\btwo thousand(?: and)? (${[...TEENS, ...SMALL].join('|')})\\b(?!-)`, ([name], w) => {
    const word = (name ?? '').toLowerCase();
    const teen = TEENS.indexOf(word);
    return months(2000 + (teen >= 0 ? teen + 10 : SMALL.indexOf(word) + 1), 1, 12, w);
  }),
];

/** Every day, month, quarter or year a text names, in any common form; `rest` is the text with those blanked. */
export const namedDays = (text: string): { days: NamedDays[]; rest: string } => {
  let rest = text;
  const days = FORMS.flatMap(({ pattern, read }) => {
    const found: NamedDays[] = [];
    rest = rest.replace(pattern, (words: string, ...more) => {
      const groups = more
        .slice(
          0,
          more.findIndex((m) => typeof m === 'number'),
        )
        .map((g) => (typeof g === 'string' ? g : ''));
      const named = read(groups, words);
      found.push(...named);
      return named.length > 0 ? ' '.repeat(words.length) : words;
    });
    return found;
  });
  return { days, rest };
};
