import type * as z from 'zod';
import { UnreadableDocument } from '../../contracts/errors.ts';

/** @throws UnreadableDocument naming the row: a list cannot be shown without it, and nobody finds it by what is wrong with it */
export const readRow = <T>(schema: z.ZodType<T>, item: Record<string, unknown>): T => {
  const { data, error } = schema.safeParse(item);
  if (!error) return data;
  const [issue] = error.issues;
  const what = `row ${JSON.stringify(item['pk'])} of the table cannot be read (/${issue?.path.join('/')}: ${issue?.message})`;
  throw new UnreadableDocument(`${what}; have it written again from the log: docs/runbooks/lost-table.md`, { cause: error });
};
