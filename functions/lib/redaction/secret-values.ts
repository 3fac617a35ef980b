/** Shorter values occur in ordinary words: replacing them would destroy the text and hide nothing. */
const MIN_SECRET_LENGTH = 4;
/** Base64 characters that a short core must have before it means the secret and not a coincidence. */
const MIN_BASE64_CORE = 5;

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

const anyCase = (hex: string): string => hex.replace(/[a-f]/gi, (c) => `[${c.toLowerCase()}${c.toUpperCase()}]`);

const HTML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '(?:&quot;|&#34;)', "'": '(?:&#39;|&#x27;|&apos;)' };
const JSON_SHORT: Record<string, string> = { '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f' };

const percentForm = (char: string): string => {
  const bytes = [...Buffer.from(char, 'utf8')];
  return bytes.map((byte) => `%${anyCase(byte.toString(16).padStart(2, '0'))}`).join('');
};

const jsonForms = (char: string): string[] => {
  const units = Array.from({ length: char.length }, (_, i) => char.charCodeAt(i).toString(16).padStart(4, '0'));
  const unicode = units.map((hex) => `\\\\{1,8}u${anyCase(hex)}`).join('');
  if (char === '"' || char === '/') return [unicode, `\\\\{1,8}${escape(char)}`];
  if (char === '\\') return [unicode, '\\\\{2,8}'];
  const short = JSON_SHORT[char];
  return short ? [unicode, `\\\\{1,8}${short}`] : [unicode];
};

/** Every way one character may be written: as it is, or escaped for a URL, JSON or HTML. */
const charForms = (char: string): string => {
  const forms = [...jsonForms(char), percentForm(char), escape(char)];
  if (HTML[char]) forms.unshift(HTML[char]);
  if (char === ' ') forms.push('\\+');
  return `(?:${forms.join('|')})`;
};

/** Characters that base64 makes of the secret alone, when `offset` bytes stand before it in the same block. */
const base64Core = (secret: Buffer, offset: number): string => {
  const text = Buffer.concat([Buffer.alloc(offset), secret])
    .toString('base64')
    .replaceAll('=', '');
  const first = Math.ceil((offset * 8) / 6);
  const last = Math.floor(((offset + secret.length) * 8) / 6);
  return text.slice(first, last);
};

/** Its neighbours carry the secret's remaining bits, so they go with it. */
const base64Forms = (secret: string): string[] => {
  const bytes = Buffer.from(secret, 'utf8');
  return [0, 1, 2]
    .map((offset) => base64Core(bytes, offset))
    .filter((core) => core.length >= MIN_BASE64_CORE)
    .map((core) => {
      const either = core.replace(/[+/]/g, (c) => (c === '+' ? '[+-]' : '[/_]'));
      return `[A-Za-z0-9+/_-]?${either}[A-Za-z0-9+/_-]?={0,2}`;
    });
};

/**
 * One pattern for every written form of the secrets: raw, URL-, JSON- and HTML-escaped in any mixture, and
 * base64 at all three alignments. Null when no secret is long enough to look for.
 */
export const secretPattern = (secrets: readonly string[]): RegExp | null => {
  const known = [...new Set(secrets)].filter((s) => s.length >= MIN_SECRET_LENGTH).sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  if (known.length === 0) return null;
  const forms = known.flatMap((secret) => [Array.from(secret, charForms).join(''), ...base64Forms(secret)]);
  return new RegExp(forms.join('|'), 'g');
};
