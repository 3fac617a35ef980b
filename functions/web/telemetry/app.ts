import { Hono } from 'hono';
import * as z from 'zod';
import type { Refusal } from '../../../contracts/commands.ts';
import type { Telemetry } from '../../../contracts/ports.ts';
import { TELEMETRY_PARTITION, telemetryPrefix } from '../../../contracts/telemetry-layout.ts';
import { SQL_MAX, TableName, TelemetryPage, type TelemetryQueries } from '../../../contracts/telemetry-query.ts';
import { secureHeaders } from '../http/headers.ts';
import { parseInput, queryOf } from '../http/input.ts';
import { loggedPath } from '../http/logged-path.ts';
import { refuseForeignHost } from '../http/origin.ts';
import { notFound, problemOf } from '../http/problem.ts';
import type { Caller } from '../session/person.ts';

export type TelemetryDeps = {
  callerOf: (request: Request) => Caller | Refusal;
  queries: TelemetryQueries;
  telemetry: Pick<Telemetry, 'list' | 'rows'>;
  local: boolean;
  /** Told of errors that nobody expected, before the caller gets a bare INTERNAL. */
  report: (error: Error, request: { method: string; path: string }) => void;
};

const Sql = z.strictObject({ sql: z.string().min(1, 'SQL is needed, as ?sql=SELECT …').max(SQL_MAX) });
const Place = z.strictObject({ table: TableName, after: z.string().max(400).optional() });

/** Rows of one page, at least: an object is never cut. */
const ROWS = 1_000;

const dayOf = (key: string): string => new RegExp(`/${TELEMETRY_PARTITION}=([^/]+)/`).exec(key)?.[1] ?? '';

const pageAfter = async (telemetry: TelemetryDeps['telemetry'], { table, after }: z.infer<typeof Place>): Promise<TelemetryPage> => {
  const rows: object[] = [];
  let last: string | null = null;
  for await (const { key } of telemetry.list(table, after === undefined ? undefined : `${telemetryPrefix(table)}${after}`)) {
    if (rows.length >= ROWS) return TelemetryPage.parse({ table, rows, next: last });
    const dt = dayOf(key);
    rows.push(...(await telemetry.rows({ table, key })).map((row) => ({ dt, ...row })));
    last = key.slice(telemetryPrefix(table).length);
  }
  return TelemetryPage.parse({ table, rows, next: null });
};

/** `/telemetry`: questions in SQL, and all rows a page at a time. It reads, and can do nothing else. */
export const createTelemetryApp = ({ callerOf, queries, telemetry, local, report }: TelemetryDeps): Hono => {
  const answerError = (thrown: unknown, request: Request): Response => {
    const problem = problemOf(thrown);
    if (problem.status === 500)
      report(thrown instanceof Error ? thrown : new Error(String(thrown)), { method: request.method, path: loggedPath(request) });
    return new Response(JSON.stringify(problem), { status: problem.status, headers: { 'content-type': 'application/problem+json' } });
  };
  const app = new Hono();
  app.use(secureHeaders(local));
  app.use(async (c, next) => {
    if (local) refuseForeignHost(c.req.raw);
    const caller = callerOf(c.req.raw);
    if (caller instanceof Error) throw caller;
    await next();
  });
  app.onError((thrown, c) => answerError(thrown, c.req.raw));
  app.notFound((c) => answerError(notFound(`${c.req.method} ${c.req.path.slice(0, 100)}`), c.req.raw));
  app.get('/telemetry', async (c) => c.json(await queries.query(parseInput(Sql, queryOf(c.req.raw), 'query').sql)));
  app.get('/telemetry/rows', async (c) => c.json(await pageAfter(telemetry, parseInput(Place, queryOf(c.req.raw), 'query'))));
  return app;
};
