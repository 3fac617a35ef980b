import type { RedactionRule } from './marker.ts';

const URL_PASSWORD = /(?<=:\/\/[^\s/@:"'<>\\]{0,128}:)[^\s/@"'<>\\[\]]{1,256}(?=@)/g;

/**
 * Secrets that are known by their shape. Every pattern starts at a token boundary and has no nested
 * repetition, so that a scan is linear in the text.
 */
export const TOKEN_PATTERNS: readonly { rule: RedactionRule; pattern: RegExp }[] = [
  { rule: 'jwt', pattern: /(?<![\w-])eyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*/g },
  { rule: 'aws_key', pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA|AIDA|AROA|AGPA|ANPA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])/g },
  { rule: 'provider_key', pattern: /(?<![A-Za-z0-9])(?:sk|pk|rk)[-_](?:[A-Za-z0-9_-]{8,})/g },
  {
    rule: 'provider_key',
    pattern: /(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|npm_|hf_|AIza|ya29\.)[A-Za-z0-9_-]{16,}/g,
  },
  // GLM keys: id "." secret.
  { rule: 'provider_key', pattern: /(?<![\w.])[0-9a-f]{32}\.[A-Za-z0-9]{16}(?!\w)/g },
  { rule: 'bot_token', pattern: /(?<!\d)\d{8,10}:[A-Za-z0-9_-]{35}(?![\w-])/g },
  { rule: 'webhook_url', pattern: /(?<=hooks\.slack\.com\/services\/)[\w/]+/g },
  { rule: 'capability', pattern: /(?<=\/a\/)[A-Za-z0-9_-]{20,}/g },
  { rule: 'url_password', pattern: URL_PASSWORD },
];

const BEARER = /(?<![\w-])(bearer)([ \t]+)([A-Za-z0-9._~+/=-]{4,})/gi;

/** "bearer bonds" is finance; "Bearer bonds" and "bearer a1b2" may be credentials. */
const isPlainWord = (scheme: string, value: string): boolean => scheme === 'bearer' && value.length < 20 && /^[a-z]+[.-]?$/.test(value);

export const replaceBearer = (text: string, hide: () => string): string =>
  text.replace(BEARER, (whole, scheme: string, space: string, value: string) => {
    if (isPlainWord(scheme, value)) return whole;
    return `${scheme}${space}${hide()}`;
  });

const PEM_BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const PEM_END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;

/** Cuts private keys, also one whose end is missing: then everything after its beginning goes. */
export const replacePrivateKeys = (text: string, hide: () => string): string => {
  let result = '';
  let from = 0;
  for (;;) {
    PEM_BEGIN.lastIndex = from;
    const begin = PEM_BEGIN.exec(text);
    if (!begin) return result + text.slice(from);
    PEM_END.lastIndex = PEM_BEGIN.lastIndex;
    const end = PEM_END.exec(text);
    result += text.slice(from, begin.index) + hide();
    if (!end) return result;
    from = PEM_END.lastIndex;
  }
};
