import type { Window } from '../../../contracts/blueprint.ts';

type Schema = Record<string, unknown>;

/** What a question says, as far as a sample can make use of it. */
export type Facts = {
  /** Dates of the sample lie in it. */
  window: Window;
  /** A list the question has under this name, if its items fit `schema`. */
  value(name: string, schema: Schema): unknown;
};

const WINDOW: Window = { start: '2001-01-01', end: '2001-12-31' };
const DATE = /^\d{4}-\d\d-\d\d$/;

export const NO_FACTS: Facts = { window: WINDOW, value: () => undefined };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Where the JSON value that starts at `start` ends, by counting brackets outside of strings. */
const jsonEnd = (text: string, start: number): number => {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (quoted) {
      if (char === '\\') at++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{' || char === '[') depth++;
    else if ((char === '}' || char === ']') && --depth === 0) return at + 1;
  }
  return -1;
};

/** JSON objects that stand in a text, one after the other. */
export const objectsIn = (text: string): Record<string, unknown>[] => {
  const found: Record<string, unknown>[] = [];
  for (let start = text.indexOf('{'); start !== -1; ) {
    const end = jsonEnd(text, start);
    if (end === -1) return found;
    try {
      const value: unknown = JSON.parse(text.slice(start, end));
      if (isObject(value)) found.push(value);
      start = text.indexOf('{', end);
    } catch {
      start = text.indexOf('{', start + 1);
    }
  }
  return found;
};

/** Alternatives a schema gives at its top; itself where it gives none. */
export const alternativesOf = (schema: Record<string, unknown>): Record<string, unknown>[] => {
  const branches = [schema['anyOf'], schema['oneOf']].find(Array.isArray);
  return branches ? branches.filter(isObject) : [schema];
};

/** Whether an object is a JSON Schema of an object, or of one of several. */
export const isObjectSchema = (value: Record<string, unknown>): boolean => {
  const branches = alternativesOf(value);
  return branches.length > 0 && branches.every((branch) => branch['type'] === 'object' && isObject(branch['properties']));
};

const membersOf = (value: unknown): [string, unknown][] => {
  if (Array.isArray(value)) return value.flatMap(membersOf);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => [[name, member] as [string, unknown], ...membersOf(member)]);
};

const windowIn = (members: readonly [string, unknown][]): Window | null => {
  for (const [, value] of members) {
    if (!isObject(value)) continue;
    const { start, end } = value;
    if (typeof start === 'string' && typeof end === 'string' && DATE.test(start) && DATE.test(end) && start < end) return { start, end };
  }
  return null;
};

const fits = (item: unknown, schema: unknown): boolean => {
  if (typeof item !== 'string' || !isObject(schema) || schema['type'] !== 'string') return false;
  return typeof schema['pattern'] !== 'string' || new RegExp(schema['pattern'], 'u').test(item);
};

/** Facts of the JSON objects in the user's messages: lists of names, and the first window of days. */
export const factsIn = (texts: readonly string[]): Facts => {
  const members = texts
    .flatMap(objectsIn)
    .filter((object) => !isObjectSchema(object))
    .flatMap(membersOf);
  return {
    window: windowIn(members) ?? WINDOW,
    value: (name, schema) => {
      if (schema['type'] !== 'array') return undefined;
      const list = members.find(([known, value]) => known === name && Array.isArray(value) && value.length > 0)?.[1];
      if (!Array.isArray(list) || !list.every((item) => fits(item, schema['items']))) return undefined;
      const max = typeof schema['maxItems'] === 'number' ? schema['maxItems'] : list.length;
      const min = typeof schema['minItems'] === 'number' ? schema['minItems'] : 0;
      return list.length >= min ? list.slice(0, max) : undefined;
    },
  };
};
