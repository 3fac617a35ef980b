import { count, marker, outsideMarkers, type RedactionCounts, type RedactionRule } from './redaction/marker.ts';
import { secretPattern } from './redaction/secret-values.ts';
import { replaceFlagValues, replaceSensitiveValues } from './redaction/sensitive-keys.ts';
import { replaceBearer, replacePrivateKeys, TOKEN_PATTERNS } from './redaction/token-patterns.ts';

export { REDACTION_RULES, type RedactionCounts, type RedactionRule } from './redaction/marker.ts';
export { isSensitiveKey } from './redaction/sensitive-keys.ts';

/** Cassettes name it: a recording by an older redactor is due for another look. */
export const REDACTOR_VERSION = 'redactor_v1';

export type Redacted = { text: string; counts: RedactionCounts };

// What is removed can bring a name and a value together that were apart before.
const MAX_PASSES = 8;

const pass = (text: string, secrets: RegExp | null, counts: RedactionCounts): string => {
  const hide = (rule: RedactionRule) => () => {
    count(counts, rule);
    return marker(rule);
  };
  let result = secrets ? outsideMarkers(text, (part) => part.replace(secrets, hide('secret_value'))) : text;
  result = replacePrivateKeys(result, hide('private_key'));
  result = replaceSensitiveValues(result, counts);
  result = replaceFlagValues(result, counts);
  result = outsideMarkers(result, (part) => replaceBearer(part, hide('bearer_token')));
  for (const { rule, pattern } of TOKEN_PATTERNS) result = outsideMarkers(result, (part) => part.replace(pattern, hide(rule)));
  return result;
};

/**
 * Removes secrets from a text (A9): known values in raw, URL-, base64-, JSON- and HTML-escaped form, values
 * under sensitive names, and tokens known by their shape. Redacting twice changes nothing, no input makes
 * it throw, and its time is linear in the text. Known values below 4 characters are not looked for.
 */
export const redact = (text: string, options: { secrets?: readonly string[] } = {}): Redacted => {
  const counts: RedactionCounts = {};
  const secrets = secretPattern(options.secrets ?? []);
  let result = text;
  for (let n = 0; n < MAX_PASSES; n++) {
    const before = result;
    result = pass(before, secrets, counts);
    if (result === before) break;
  }
  return { text: result, counts };
};

/** Adds counts of several texts. */
export const addCounts = (...all: readonly Partial<Record<string, number>>[]): Record<string, number> => {
  const sum: Record<string, number> = {};
  for (const counts of all) for (const [rule, n] of Object.entries(counts)) sum[rule] = (sum[rule] ?? 0) + (n ?? 0);
  return sum;
};

/** Redacts every text inside a value; the shape stays. */
export const redactDeep = (value: unknown, options: { secrets?: readonly string[] } = {}): unknown => {
  if (typeof value === 'string') return redact(value, options).text;
  if (Array.isArray(value)) return value.map((member) => redactDeep(member, options));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, redactDeep(member, options)]));
};
