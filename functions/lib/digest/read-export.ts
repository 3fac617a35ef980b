import * as z from 'zod';
import type { AuditDigest, TamperProblem } from '../../../contracts/digest.ts';
import { parseText } from './json.ts';
import { inLog } from './problems.ts';
import { parseDigest } from './verify-digests.ts';
import { parseSealed, type Sealed } from './verify-events.ts';

export type Exported = { events: Sealed[]; digests: AuditDigest[]; problems: TamperProblem[] };

const Versioned = z.looseObject({ schema_version: z.string() });

/** How many members the objects inside a value have. No recursion: the value is hostile. */
const countMembers = (value: unknown): number => {
  const open: unknown[] = [value];
  let count = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    const inner = Object.values(next);
    if (!Array.isArray(next)) count += inner.length;
    for (const one of inner) open.push(one);
  }
  return count;
};

/** A name given twice reads one way here and another way elsewhere. */
const hasDoubleNames = (line: string, value: unknown): boolean => {
  const colons = line.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').match(/:/g)?.length ?? 0;
  return colons !== countMembers(value);
};

/** What an exported log holds: its events, then the digests that list it, one JSON document per line. */
export const readExport = (lines: readonly string[]): Exported => {
  const read: Exported = { events: [], digests: [], problems: [] };
  for (const [i, line] of lines.entries()) {
    const wrong = (why: string, kind: 'unreadable' | 'reordered' = 'unreadable') =>
      read.problems.push(inLog(kind, null, `line ${i + 1} ${why}`));
    const value = parseText(line);
    const versioned = Versioned.safeParse(value);
    if (!versioned.success) wrong('is not JSON, or names no schema_version: it was edited or torn');
    else if (hasDoubleNames(line, value)) wrong('names a member twice: it was edited');
    else if (versioned.data.schema_version === 'audit_digest_v1') {
      const parsed = parseDigest(value);
      if ('digest' in parsed) read.digests.push(parsed.digest);
      else wrong(parsed.why);
    } else {
      const parsed = parseSealed(value);
      if ('why' in parsed) wrong(parsed.why);
      else if (read.digests.length > 0) wrong('is an event behind digests: lines were moved', 'reordered');
      else read.events.push(parsed.event);
    }
  }
  return read;
};
