import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import type { JobEvent } from '../../../contracts/events.ts';
import type { WebDeps } from '../deps.ts';
import { SANDBOX_CSP } from '../http/headers.ts';
import { artifactPathOf, jobIdOf } from '../http/input.ts';
import { notFound } from '../http/problem.ts';

/** Types a browser may show in place; everything else is a download. */
const INLINE: Record<string, string> = {
  json: 'application/json',
  md: 'text/markdown; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
};
const DOWNLOAD: Record<string, string> = {
  jsonl: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
  html: 'text/html; charset=utf-8',
};
const ACTIVE = new Set(['svg', 'html']);

/** Headers a stored file is served with; the name decides, never what a stage claimed. */
export const artifactHeaders = (path: string): Record<string, string> => {
  const name = path.split('/').at(-1) ?? path;
  const extension = name.split('.').at(-1)?.toLowerCase() ?? '';
  const type = INLINE[extension] ?? DOWNLOAD[extension] ?? 'application/octet-stream';
  return {
    'content-type': type,
    ...(extension in INLINE ? {} : { 'content-disposition': `attachment; filename="${name}"` }),
    ...(ACTIVE.has(extension) ? { 'content-security-policy': SANDBOX_CSP } : {}),
  };
};

/** Digests the log already names, by key: the latest wins. */
const digestsIn = (value: unknown, found = new Map<string, string>()): Map<string, string> => {
  if (typeof value !== 'object' || value === null) return found;
  if ('key' in value && 'sha256' in value && typeof value.key === 'string' && typeof value.sha256 === 'string')
    found.set(value.key, value.sha256);
  for (const inner of Object.values(value)) digestsIn(inner, found);
  return found;
};

const digestOf = async (deps: WebDeps, key: string, known: Map<string, string>): Promise<string | null> => {
  const named = known.get(key);
  if (named !== undefined) return named;
  const object = await deps.artifacts.get(key);
  return object && createHash('sha256').update(object.body).digest('hex');
};

/** Files of a job with their digests: from the log where it names them, else of the bytes. */
export const listArtifacts = async (deps: WebDeps, id: string, events: JobEvent[]) => {
  const prefix = `jobs/${id}/`;
  const known = digestsIn(events.map((event) => event.outputs));
  const files = await deps.artifacts.list(prefix);
  const rows = await Promise.all(
    files.map(async ({ key, bytes }) => ({ path: key.slice(prefix.length), bytes, sha256: await digestOf(deps, key, known) })),
  );
  return rows.flatMap(({ sha256, ...row }) => (sha256 === null ? [] : [{ ...row, sha256 }]));
};

export const artifactRoutes = (deps: WebDeps): Hono =>
  new Hono().get('/jobs/:id/artifacts/*', async (c) => {
    const id = jobIdOf(c.req.param('id'));
    const path = artifactPathOf(c.req.path);
    const object = await deps.artifacts.get(`jobs/${id}/${path}`);
    if (!object) throw notFound(`artifact "${path}" of job ${id}`);
    return c.body(new Uint8Array(object.body), 200, artifactHeaders(path));
  });
