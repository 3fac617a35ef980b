/** A table of numbers over time, thinned to the last row of each year; null when it is none. */
export const yearly = (csv: string): { columns: string[]; rows: string[][] } | null => {
  const [header, ...lines] = csv.trim().split(/\r?\n/);
  const columns = header?.split(',') ?? [];
  const last = new Map<string, string[]>();
  for (const line of lines) {
    if (!/^\d{4}-\d{2}-\d{2},/.test(line)) return null;
    last.set(line.slice(0, 4), line.split(','));
  }
  return last.size === 0 ? null : { columns, rows: [...last.values()] };
};
