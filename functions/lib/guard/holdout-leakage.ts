import { type NamedDays, namedDays } from './dates.ts';
import { type GuardContext, quote, type Subject } from './subject.ts';

const HOLDOUT = '(?:hold[\\s-]?out|held[\\s-]out)';
const MEASURE =
  '(?:sharpe|sortino|returns?|returned|cagr|drawdowns?|profits?|loss(?:es)?|lost|gains?|gained|earn(?:s|ed)?|made|volatility|win rate|hit rate|alpha|performance|p&l)';

/** A measured figure said of the holdout, in either order within one clause. */
const CLAIMS: readonly RegExp[] = [
  new RegExp(`\\b${HOLDOUT}\\b[^.;\\n]{0,40}\\b${MEASURE}\\b[^.;\\n]{0,30}\\d`, 'i'),
  new RegExp(`\\b${MEASURE}\\b[^;\\n]{0,60}\\d[^;\\n]{0,40}\\b(?:in|on|over|during|across)\\s+(?:the\\s+|its\\s+)?${HOLDOUT}\\b`, 'i'),
  new RegExp(`\\b${HOLDOUT}\\b[^.;\\n]{0,30}\\d[\\d.]{0,8}\\s?%?\\s*\\b${MEASURE}\\b`, 'i'),
];

const lengthOf = (days: { start: string; end: string }): number => Date.parse(days.end) - Date.parse(days.start) + 86_400_000;

/** A month or year counts when no more than half of it was open to the agent. */
const isLeak = (days: NamedDays, holdoutStart: string): boolean => {
  if (days.end < holdoutStart) return false;
  if (days.start >= holdoutStart) return true;
  const open = Date.parse(holdoutStart) - Date.parse(days.start);
  return open <= lengthOf(days) / 2;
};

/**
 * Dates on or after the first day of the holdout, and figures said of it: a strategy that saw them proves
 * nothing. Days after its end count too, since the agent was not given them either.
 */
export const holdoutLeakage = (subject: Subject, { holdout }: GuardContext) =>
  subject.leaves.flatMap(({ pointer, text }) => {
    const days = namedDays(text).days.filter((d) => isLeak(d, holdout.start));
    const dates = days.map(({ words }) => ({
      pointer,
      message: `${quote(words)} lies in the holdout, which starts ${holdout.start}; leave it out`,
    }));
    const claim = CLAIMS.map((pattern) => pattern.exec(text)).find((match) => match !== null);
    const claims = claim ? [{ pointer, message: `a figure said of the holdout, which no agent has seen: ${quote(claim[0])}` }] : [];
    return [...dates, ...claims];
  });
