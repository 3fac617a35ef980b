import { count, isMarker, marker, type RedactionCounts } from './marker.ts';

const MAX_KEY = 64;
/** What can stand between a key and its value, also URL-encoded. */
const SEPARATOR = /=>|:=|[=:]|%3[ad]/gi;

const SUFFIX = /(?:_(?:value|hash|text|base64|b64|string|header|raw|\d+)|\d+)$/;
const SENSITIVE =
  /(?:^|_)(?:password|passwd|passphrase|passcode|pwd|secrets?|token|cookies?|authorization|credentials?|api_?key|session_?id|sess_?id|jsessionid|phpsessid|bearer|client_secret|connection_string)$/;
const SENSITIVE_KEY = /(?:^|_)(?:access|secret|private|signing|encryption|account|auth|master|ssh|service|subscription)_?key(?:_id)?$/;
const SENSITIVE_WHOLE = /^(?:sid|session|auth|x_amz_signature|(?:db|user|smtp|mysql|pg|redis|admin|root|ftp|mail)_pass)$/;
const WHOLE_LINE = /(?:^|_)(?:authorization|cookies?)$/;
const PHRASE = /(?:^|_)(?:password|passwd|passphrase|pwd)$/;

/** `dbPassword`, `DB-PASSWORD`, `db.password` → `db_password`. */
const normalize = (key: string): string =>
  key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase()
    .replace(SUFFIX, '');

/** Whether a value under this name is a secret. Counts such as `prompt_tokens` are not. */
export const isSensitiveKey = (key: string): boolean => {
  const name = normalize(key);
  return SENSITIVE.test(name) || SENSITIVE_KEY.test(name) || SENSITIVE_WHOLE.test(name);
};

const isSpace = (c: string | undefined): boolean => c === ' ' || c === '\t';
const isQuote = (c: string | undefined): boolean => c === '"' || c === "'" || c === '`';
const isKeyChar = (c: string | undefined): boolean => c !== undefined && /[\w.-]/.test(c);

/** `delimiter` is the quote around the key with the backslashes that escape it; "" for a bare key. */
type Key = { name: string; delimiter: string };

/** The key that ends right before `end`; at most its last characters are looked at. */
const keyBefore = (text: string, end: number, floor: number): Key => {
  let stop = end;
  while (stop > floor && (isSpace(text[stop - 1]) || text[stop - 1] === '\n')) stop--;
  const close = stop;
  if (isQuote(text[stop - 1])) stop--;
  while (stop < close && stop > floor && text[stop - 1] === '\\') stop--;
  let start = stop;
  while (start > floor && stop - start < MAX_KEY && (isKeyChar(text[start - 1]) || text[start - 1] === ' ')) start--;
  return { name: text.slice(start, stop), delimiter: text.slice(stop, close) };
};

/** Backslashes right before `at`: how deep a quote is escaped. */
const depth = (text: string, at: number): number => {
  let n = 0;
  while (text[at - 1 - n] === '\\') n++;
  return n;
};

/** The quote that closes a value: the first such one that is not escaped deeper than the opening one. */
const closingQuote = (text: string, open: number): number => {
  const quote = text[open] ?? '';
  const level = depth(text, open);
  for (let at = text.indexOf(quote, open + 1); at !== -1; at = text.indexOf(quote, at + 1)) {
    if (depth(text, at) <= level) return at;
  }
  return text.length;
};

/** End of `[...]` or `{...}`; the end of the text when it is never closed. */
const bracketEnd = (text: string, open: number): number => {
  let level = 0;
  for (let at = open; at < text.length; at++) {
    const c = text[at];
    if (c === '"') at = closingQuote(text, at);
    else if (c === '[' || c === '{') level++;
    else if ((c === ']' || c === '}') && --level === 0) return at + 1;
  }
  return text.length;
};

// A backslash before a quote belongs to the quote: taking it would unbalance the JSON around.
const WORD = /(?:\\+(?!["'`\\])|[^\s"'`\\&,;<>(){}])+/y;
const PAIRS = /(?:; ?[\w-]{1,64}=(?:\\+(?!["'`\\])|[^\s"'`\\&,;<>])*)+/y;
const LINE = /(?:\\+(?![nr"'`\\])|[^\n\r"`\\])*/y;
const SCHEME = /^(?:bearer|basic|digest|token|apikey|negotiate|aws4-hmac-sha256)$/i;

const matchEnd = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
};

const skipSpaces = (text: string, from: number): number => {
  let at = from;
  while (isSpace(text[at])) at++;
  return at;
};

/** End of a value without quotes. Headers and pass phrases go on to the end of their line. */
const bareEnd = (text: string, at: number, name: string, colon: boolean): number => {
  if (colon && (WHOLE_LINE.test(name) || PHRASE.test(name))) {
    const line = text.slice(at, matchEnd(LINE, text, at));
    return at + line.trimEnd().length;
  }
  const end = matchEnd(WORD, text, at);
  if (SCHEME.test(text.slice(at, end))) return matchEnd(WORD, text, skipSpaces(text, end));
  return WHOLE_LINE.test(name) ? matchEnd(PAIRS, text, end) : end;
};

type Span = { start: number; end: number; quote: string };

/** Where the value after a separator lies; null when there is nothing to hide. */
const valueSpan = (text: string, after: number, key: Key, colon: boolean): Span | null => {
  const quoted = key.delimiter !== '';
  const at = matchEnd(quoted ? /\s*/y : /[ \t]*/y, text, after);
  const open = matchEnd(/\\*/y, text, at);
  if (isQuote(text[open])) {
    const close = closingQuote(text, open);
    return { start: open + 1, end: close < text.length ? close - depth(text, close) : close, quote: '' };
  }
  if (quoted && (text[at] === '[' || text[at] === '{')) {
    if (isMarker(text.slice(at, text.indexOf(']', at) + 1))) return null;
    return { start: at, end: bracketEnd(text, at), quote: key.delimiter };
  }
  const end = bareEnd(text, at, normalize(key.name), colon);
  const bare = text.slice(at, end);
  if (quoted && /^(?:null|true|false)$/.test(bare)) return null;
  return { start: at, end, quote: quoted && /^[-\d]/.test(bare) ? key.delimiter : '' };
};

/**
 * Replaces values under sensitive names: JSON members at any depth of escaping, `key=value`, `key: value`,
 * query strings and headers. One pass over the separators.
 */
export const replaceSensitiveValues = (text: string, counts: RedactionCounts): string => {
  const hidden = marker('sensitive_key');
  let result = '';
  let from = 0;
  SEPARATOR.lastIndex = 0;
  for (let match = SEPARATOR.exec(text); match; match = SEPARATOR.exec(text)) {
    const key = keyBefore(text, match.index, from);
    if (!isSensitiveKey(key.name)) continue;
    const span = valueSpan(text, SEPARATOR.lastIndex, key, match[0].startsWith(':') || match[0].toLowerCase() === '%3a');
    if (!span || span.start >= span.end) continue;
    SEPARATOR.lastIndex = span.end;
    if (isMarker(text.slice(span.start, span.end))) continue;
    count(counts, 'sensitive_key');
    result += text.slice(from, span.start) + span.quote + hidden + span.quote;
    from = span.end;
  }
  return result + text.slice(from);
};

const FLAG = /(?<![\w-])--?([A-Za-z][\w-]{1,63})[ \t]+(?!-)(\S+)/g;

/** `--password abc`: a command line separates with a space. */
export const replaceFlagValues = (text: string, counts: RedactionCounts): string =>
  text.replace(FLAG, (whole, key: string, value: string) => {
    const plain = value.replace(/^\\*["'`]?|\\*["'`]?[,;)]?$/g, '');
    if (!isSensitiveKey(key) || plain === '' || isMarker(plain)) return whole;
    count(counts, 'sensitive_key');
    return whole.slice(0, whole.length - value.length) + value.replace(plain, () => marker('sensitive_key'));
  });
