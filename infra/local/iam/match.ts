/** Whether `text` fits `pattern`, where `*` stands for any characters, none included, and `?` for exactly one. Linear but for one backtrack per `*`. */
export const matches = (pattern: string, text: string): boolean => {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      resume = t;
    } else if (pattern[p] === '?' || pattern[p] === text[t]) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
};

const PARTS = 6;

/** The six parts of an ARN; the last one keeps its colons. */
const partsOf = (arn: string): string[] => {
  const parts = arn.split(':');
  return [...parts.slice(0, PARTS - 1), parts.slice(PARTS - 1).join(':')];
};

/** As `ArnLike` compares: part by part, so that a wildcard never reaches into the next part. */
export const matchesArn = (pattern: string, arn: string): boolean => {
  const parts = partsOf(arn);
  const patterns = partsOf(pattern);
  return patterns.every((part, i) => matches(part, parts[i] ?? ''));
};
