/** Names of what the redactor looks for, as `redaction_summary.json` counts them. */
export const REDACTION_RULES = [
  'secret_value',
  'private_key',
  'sensitive_key',
  'bearer_token',
  'jwt',
  'aws_key',
  'provider_key',
  'bot_token',
  'webhook_url',
  'url_password',
  'capability',
] as const;
export type RedactionRule = (typeof REDACTION_RULES)[number];

/** Counts of what was removed, by rule; a rule that removed nothing is absent. */
export type RedactionCounts = Partial<Record<RedactionRule, number>>;

/** What stands where something was removed. No rule matches it, so redacting twice changes nothing. */
export const marker = (rule: RedactionRule): string => `[REDACTED:${rule}]`;

const MARKER = new RegExp(`\\[REDACTED:(?:${REDACTION_RULES.join('|')})\\]`, 'g');
const WHOLE = new RegExp(`^${MARKER.source}$`);

export const isMarker = (text: string): boolean => WHOLE.test(text);

/** Applies `change` to the text between markers only. */
export const outsideMarkers = (text: string, change: (part: string) => string): string => {
  let result = '';
  let from = 0;
  for (const match of text.matchAll(MARKER)) {
    result += change(text.slice(from, match.index)) + match[0];
    from = match.index + match[0].length;
  }
  return result + change(text.slice(from));
};

export const count = (counts: RedactionCounts, rule: RedactionRule): void => {
  counts[rule] = (counts[rule] ?? 0) + 1;
};
