import * as z from 'zod';
import { Refusal } from '../../../contracts/commands.ts';
import { ArtifactPath, JobId } from '../../../contracts/ids.ts';
import { JobStatus } from '../../../contracts/job-state.ts';
import { notFound } from './problem.ts';

const MAX_ERRORS = 20;

/** RFC 6901 pointer of a path; "" is the whole value. */
export const pointerOf = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((at, part) => (typeof at === 'object' && at !== null ? Reflect.get(at, part) : undefined), value);

const shown = (value: unknown): string => {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
};

/** Parses outside data; a refusal names every pointer that is wrong and the value that stands there. */
export const parseInput = <S extends z.ZodType>(schema: S, value: unknown, what: string): z.infer<S> => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.slice(0, MAX_ERRORS).map((issue) => ({
    pointer: pointerOf(issue.path),
    message: issue.message,
    value: shown(valueAt(value, issue.path)),
  }));
  const [first] = errors;
  const more = result.error.issues.length > 1 ? `, and ${result.error.issues.length - 1} more` : '';
  throw new Refusal('INVALID_INPUT', `${what} at "${first?.pointer}": ${first?.message}; got ${first?.value}${more}`, { errors });
};

/** A name that no job can have is a job that does not exist. */
export const jobIdOf = (id: string): string => {
  if (!JobId.safeParse(id).success) throw notFound(`job "${id.slice(0, 40)}"`);
  return id;
};

/** The artifact path below `/jobs/<id>/artifacts/`; nothing outside the allow-list reaches a key. */
export const artifactPathOf = (requestPath: string): string => {
  const path = requestPath.split('/artifacts/').slice(1).join('/artifacts/');
  if (!ArtifactPath.safeParse(path).success) throw notFound(`artifact "${path.slice(0, 100)}"`);
  return path;
};

const limit = z
  .string()
  .regex(/^[1-9]\d{0,2}$/, 'must be a whole number from 1 to 200')
  .transform(Number)
  .refine((n) => n <= 200, 'must be at most 200');
// Opaque to callers, but never more than a short token.
const cursor = z.string().regex(/^[A-Za-z0-9_.~=-]{1,2048}$/, 'is not a cursor this server gave out');

export const PageQuery = z.object({ limit: limit.default(50), cursor: cursor.optional() });
export const JobQuery = PageQuery.extend({ status: JobStatus.optional(), q: z.string().max(200).optional() });

/** Empty fields of a search form mean "not asked". */
export const queryOf = (request: Request): Record<string, string> =>
  Object.fromEntries([...new URL(request.url).searchParams].filter(([, value]) => value !== ''));

/** Optional fields of a port must be absent, not undefined. */
export const pageOf = (query: z.infer<typeof PageQuery>): { limit: number; cursor?: string } => ({
  limit: query.limit,
  ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
});

const Seq = z.string().regex(/^\d{1,8}$/, 'must be an event number');

/** The event number after which to start; absent means from the beginning. */
export const seqOf = (text: string | undefined, what: string): number =>
  text === undefined || text === '' ? 0 : Number(parseInput(Seq, text, what));
