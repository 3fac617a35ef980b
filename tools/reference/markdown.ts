/** One cell of a table: a pipe would end it, a line break would end the row. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');

const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');

export const code = (text: string): string => `\`${text}\``;

export const codes = (texts: readonly string[]): string => texts.map(code).join(' ');

/** A page, its blocks a blank line apart. `source` is what it is generated from. */
export const page = (title: string, source: string, ...blocks: readonly string[]): string =>
  `${[`# ${title}`, `Generated from ${source} by ${code('node tools/reference.ts')}.`, ...blocks].join('\n\n')}\n`;
