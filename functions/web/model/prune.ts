import { clip } from './text.ts';

/** What of a document may be shown: values, and characters of text. */
export type Room = { values: number; chars: number };

const PAGE: Room = { values: 1500, chars: 100_000 };
/** JSON nested deeper than this is hostile, not evidence. */
const MAX_DEPTH = 10;
const DEEPER = '[deeper levels are in the file]';

const isBranch = (value: unknown): value is Record<string, unknown> | unknown[] => typeof value === 'object' && value !== null;

const text = (value: string, room: Room): string => {
  const shown = clip(value, Math.max(40, room.chars));
  room.chars -= shown.length;
  return shown;
};

const cut = (value: unknown, room: Room, depth: number): unknown => {
  room.values -= 1;
  if (typeof value === 'string') return text(value, room);
  if (!isBranch(value)) return value;
  if (depth >= MAX_DEPTH) {
    room.values = 0;
    return DEEPER;
  }
  const kept: [string, unknown][] = [];
  for (const key of Object.keys(value)) {
    if (room.values <= 0 || room.chars <= 0) break;
    kept.push([text(key, room), cut(Reflect.get(value, key), room, depth + 1)]);
  }
  return Array.isArray(value) ? kept.map(([, inner]) => inner) : Object.fromEntries(kept);
};

/** As much of a JSON value as a page can hold, however large or deep it is; `whole` says whether that is all of it. */
export const prune = (value: unknown, room: Room = PAGE): { value: unknown; whole: boolean } => {
  const left = { ...room };
  const kept = cut(value, left, 0);
  return { value: kept, whole: left.values > 0 && left.chars > 0 };
};
