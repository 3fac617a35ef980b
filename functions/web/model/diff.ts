import { pointerOf } from '../http/input.ts';

/** One value that differs; `undefined` where it is absent on that side. */
export type Change = { pointer: string; before: unknown; after: unknown };

const isBranch = (value: unknown): value is Record<string, unknown> | unknown[] => typeof value === 'object' && value !== null;

const keysOf = (...values: (Record<string, unknown> | unknown[])[]): string[] => [
  ...new Set(values.flatMap((value) => Object.keys(value))),
];

const at = (value: Record<string, unknown> | unknown[], key: string): unknown =>
  Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;

/** Values that differ between two JSON documents, by JSON pointer, in document order. */
export const diffJson = (before: unknown, after: unknown, path: string[] = []): Change[] => {
  if (isBranch(before) && isBranch(after) && Array.isArray(before) === Array.isArray(after)) {
    return keysOf(before, after).flatMap((key) => diffJson(at(before, key), at(after, key), [...path, key]));
  }
  return Object.is(before, after) ? [] : [{ pointer: pointerOf(path), before, after }];
};
