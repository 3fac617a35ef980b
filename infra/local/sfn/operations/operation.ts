import * as z from 'zod';
import { invalid } from '../errors.ts';
import type { Sfn } from '../sfn.ts';

/** Answers the parsed body of one API action. */
export type Operation = (sfn: Sfn, body: unknown) => unknown;

/** An action whose request has this shape; anything else is a ValidationException naming the field. */
export const operation =
  <T>(schema: z.ZodType<T>, run: (sfn: Sfn, input: T) => unknown): Operation =>
  (sfn, body) => {
    const parsed = schema.safeParse(body);
    if (parsed.success) return run(sfn, parsed.data);
    const issues = parsed.error.issues.map(({ path, message }) => `Value at '${path.join('.')}' failed to satisfy constraint: ${message}`);
    throw invalid(`${issues.length} validation error${issues.length > 1 ? 's' : ''} detected: ${issues.join('; ')}`);
  };

/** Timestamps travel as seconds. */
export const seconds = (epochMs: number): number => epochMs / 1000;

export const PageRequest = { maxResults: z.int().min(0).max(1000).optional(), nextToken: z.string().min(1).max(1024).optional() };
type PageRequest = { maxResults?: number | undefined; nextToken?: string | undefined };

/**
 * One page of `items`, which keep their order between calls. `scope` binds the token to its list, so that it cannot be
 * used for another.
 */
export function page<T>(items: T[], scope: string, { maxResults, nextToken }: PageRequest, badToken: (detail: string) => Error) {
  const offset = nextToken === undefined ? 0 : readOffset(nextToken, scope);
  if (offset === null) throw badToken('the pagination token is not of this list; leave it out to begin anew');
  const end = offset + (maxResults || 100);
  const next = end < items.length ? { nextToken: Buffer.from(`${end} ${scope}`).toString('base64') } : {};
  return { items: items.slice(offset, end), next };
}

function readOffset(token: string, scope: string): number | null {
  const [, offset, of] = /^(\d{1,9}) (.*)$/s.exec(Buffer.from(token, 'base64').toString('utf8')) ?? [];
  return of === scope ? Number(offset) : null;
}
