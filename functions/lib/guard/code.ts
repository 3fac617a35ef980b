import { quote, type Subject } from './subject.ts';

/** What counts as code or markup where data is expected. Repetitions are bounded: outputs may be hostile. */
const CODE: readonly { what: string; pattern: RegExp }[] = [
  { what: 'a fenced code block', pattern: /```|~~~/ },
  {
    what: 'a script or active HTML element',
    pattern: /<\/?(?:script|iframe|object|embed|svg|style|link|meta|form|base|img|video|audio|template)\b/i,
  },
  { what: 'an HTML link or event handler', pattern: /<a\s[^>]{0,200}href|\son[a-z]{3,20}\s*=\s*["'(]|javascript:/i },
  { what: 'a script header', pattern: /#!\s*\// },
  {
    what: 'a function',
    pattern:
      /\bfunction\s*\w{0,60}\s*\([^()]{0,200}\)\s*\{|\([^()]{0,100}\)\s*=>|\blambda\s+\w+[^:\n]{0,60}:|\bdef\s+\w+\s*\([^()]{0,200}\)\s*:/,
  },
  {
    what: 'an import',
    pattern:
      /\bimport\s+[\w*{][^\n]{0,100}\sfrom\s+["']|\bimport\s*\(|^\s*(?:import\s+[a-z_][\w.]*(?:\s+as\s+\w+)?|from\s+[a-z_][\w.]*\s+import\s.{0,100})\s*;?\s*$|\brequire\s*\(\s*["']|__import__/m,
  },
  {
    what: 'an evaluation',
    pattern:
      /\b(?:eval|exec|execSync|execFile|popen|setTimeout|setInterval)\(|\bos\.system\b|\bsubprocess\.\w|\bnew\s+Function\b|\bprocess\.env\b/,
  },
  { what: 'an assignment', pattern: /\b(?:const|var|let)\s+\w+\s*=[^=\n]{1,200};/ },
  { what: 'an SQL query', pattern: /\bSELECT\b[^.;]{1,200}\bFROM\b/ },
  // Not every "select … from …": "select the average from the last year" is prose.
  {
    what: 'an SQL statement',
    pattern:
      /\bselect\s+(?:\*|[\w.]+(?:\s*,\s*[\w.]+){0,20})\s+from\s+[\w."]+\s*(?:;|where\b|limit\s+\d|order\s+by|group\s+by|union\b)|\bunion\s+(?:all\s+)?select\b|\b(?:drop|truncate|alter)\s+table\s+\w|\binsert\s+into\s+\w+\s*(?:\(|values\b|select\b)|\bdelete\s+from\s+\w+\s*(?:;|where\b|$)|\bupdate\s+\w+\s+set\s+\w+\s*=/i,
  },
  {
    what: 'a shell command',
    pattern:
      /\brm\s+-[a-z]*[rf]|\b(?:curl|wget)\s+(?:-|["']?https?:)|\|\s*(?:ba|z)?sh\b|\bsudo\s+\w|\$\([^)\n]{1,200}\)|\bchmod\s+[+0-7]|>\s*\/(?:dev|etc|tmp)\//,
  },
];

const matches = (text: string) => CODE.flatMap(({ what, pattern }) => [{ what, match: pattern.exec(text) }]);

/** Scripts, code or commands inside of strings. */
export const code = (subject: Subject) =>
  subject.leaves.flatMap(({ pointer, text }) =>
    matches(text).flatMap(({ what, match }) =>
      match ? [{ pointer, message: `${what} where plain text is expected: ${quote(match[0])}` }] : [],
    ),
  );
