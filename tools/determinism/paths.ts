/** What a path points at. Indices are left out: an array is taken as one of its items. */
export type Part = { root: 'input' | 'context'; names: string[] };

const STEP = /^(?:\.([A-Za-z_][\w-]*)|\['([^']+)'\]|\[\d+\])/;

/** @throws Error for a path that selects by wildcard, filter or descent: nobody could say what it reads */
export const pathOf = (path: string): Part => {
  const root = path.startsWith('$$') ? 'context' : 'input';
  const names: string[] = [];
  let rest = path.replace(/^\$\$?/, '');
  while (rest !== '') {
    const step = STEP.exec(rest);
    if (!step) throw new Error(`the path ${path} cannot be followed at "${rest}"; name the member it reads`);
    const name = step[1] ?? step[2];
    if (name !== undefined) names.push(name);
    rest = rest.slice(step[0].length);
  }
  return { root, names };
};

const PATH = /\$\$?(?:\.[A-Za-z_][\w-]*|\['[^']+'\]|\[\d+\])*/g;

/** Paths in a value that is read: the path itself, or those an intrinsic function is given. */
export const pathsIn = (text: string): Part[] => {
  if (!text.startsWith('States.')) return [pathOf(text)];
  return [...text.replaceAll(/'(?:\\.|[^'\\])*'/g, (quoted, at: number) => (text[at - 1] === '[' ? quoted : "''")).matchAll(PATH)].map(
    ([path]) => pathOf(path),
  );
};
