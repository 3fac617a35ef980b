import type { CassetteDifference } from '../../functions/lib/cassette/differences.ts';
import type { Context } from '../runner.ts';
import { clean } from '../text.ts';

/** Text of several lines, each safe to print, indented as it was. */
export const safeLines = (text: string): string[] => text.split('\n').map((line) => `${/^[ \t]*/.exec(line)?.[0] ?? ''}${clean(line)}`);

const side = (value: string | null): string => (value === null ? 'nothing' : clean(JSON.stringify(value)));

/** Pointers that differ, and under each what either side has there. */
export const sayDifferences = ({ say, paint }: Context, found: readonly CassetteDifference[]): void => {
  for (const { pointer, a, b } of found) {
    say(paint.bold(clean(pointer)));
    say(`  ${paint.red(`- ${side(a)}`)}`);
    say(`  ${paint.green(`+ ${side(b)}`)}`);
  }
};

/** `3 (2 × sensitive_key, 1 × jwt)`; `nothing`. */
export const countsInWords = (counts: Readonly<Record<string, number>>): string => {
  const entries = Object.entries(counts);
  const total = entries.reduce((sum, [, n]) => sum + n, 0);
  return total === 0 ? 'nothing' : `${total} (${entries.map(([rule, n]) => `${n} × ${rule}`).join(', ')})`;
};
