import type { Window } from '../../../contracts/blueprint.ts';
import { asError } from '../../../contracts/errors.ts';
import type { Finding } from '../../../contracts/guard.ts';
import type { ModelAnswer } from '../../../contracts/llm.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { SupportedNumbers } from './numbers.ts';

/** A string of an output and where it stands; `key` marks the name of an object's member. */
export type Leaf = { pointer: string; text: string; key: boolean };

/** What the rules look at. */
export type Subject = {
  /** The answer as it came. */
  text: string;
  /** The JSON it holds; undefined when it holds none. */
  value: unknown;
  /** Why it is not JSON; null when it is. */
  parseError: string | null;
  /** Every string and member name; the whole text when it is not JSON. */
  leaves: Leaf[];
};

/** What an output is judged by. */
export type GuardContext = {
  agent: string;
  prompt_version: string;
  output_schema_version: string;
  finish_reason: ModelAnswer['finish_reason'];
  /** Issues of a parsed output against its schema: pointer and message. */
  schemaIssues: (value: unknown) => Omit<Finding, 'rule'>[];
  /** Nothing on or after its first day may show. */
  holdout: Window;
  /** Names only a policy bundle may set. */
  policyKeys: readonly string[];
  /** Numbers a text may quote; null where an output makes no numeric claims. */
  numbers: SupportedNumbers | null;
};

const segment = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** RFC 6901 pointer of a path. */
export const pointerOf = (path: readonly PropertyKey[]): string => path.map((key) => `/${segment(String(key))}`).join('');

// Look-alike digits, full-width letters and invisible characters would hide a date or a key from every rule.
const fold = (text: string): string => text.normalize('NFKC').replace(/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g, '');

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null;

const leavesOf = (value: unknown, pointer: string): Leaf[] => {
  if (typeof value === 'string') return [{ pointer, text: fold(value), key: false }];
  if (!isNested(value)) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const at = `${pointer}/${segment(key)}`;
    const name = Array.isArray(value) ? [] : [{ pointer: at, text: fold(key), key: true }];
    return [...name, ...leavesOf(member, at)];
  });
};

const MAX_DEPTH = 64;

const isDeeper = (value: unknown, levels: number): boolean =>
  isNested(value) && (levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1)));

const FENCED = /^\s*(?:```|~~~)[A-Za-z]*[ \t]*\r?\n([\s\S]*?)\r?\n(?:```|~~~)\s*$/;

/**
 * Reads an answer as JSON that has a canonical form. One code fence around the whole of it is taken off:
 * that is a repair. `error` says why it cannot be read.
 */
export const readOutput = (text: string): { value: unknown; repaired: boolean; error: string | null } => {
  const inner = FENCED.exec(text)?.[1];
  try {
    const value: unknown = JSON.parse(inner ?? text);
    if (isDeeper(value, MAX_DEPTH)) return { value: undefined, repaired: false, error: `nested deeper than ${MAX_DEPTH} levels` };
    canonicalJson(value);
    return { value, repaired: inner !== undefined, error: null };
  } catch (error) {
    // The parser quotes the text, and may cut a character in half.
    return { value: undefined, repaired: false, error: asError(error).message.toWellFormed() };
  }
};

export const subjectOf = (text: string): Subject & { repaired: boolean } => {
  const { value, repaired, error } = readOutput(text);
  const leaves = error === null ? leavesOf(value, '') : [{ pointer: '', text: fold(text), key: false }];
  return { text, value, parseError: error, leaves, repaired };
};

const SNIPPET = 60;

/** A quotation for a message: one line, short. */
export const quote = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return `"${line.length > SNIPPET ? `${line.slice(0, SNIPPET)}…` : line}"`;
};
