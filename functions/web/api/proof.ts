import { Hono } from 'hono';
import * as z from 'zod';
import { JobId } from '../../../contracts/ids.ts';
import type { WebDeps } from '../deps.ts';
import { PageQuery, parseInput, queryOf, seqOf } from '../http/input.ts';
import { notFound } from '../http/problem.ts';

/** What one answer may hold: digests are up to 70 KB each, and each log is read whole. */
const MAX_DIGESTS = 50;
const MAX_LOGS = 20;

const LogsQuery = PageQuery.pick({ limit: true }).extend({ after: JobId.optional() });
const DigestNumber = z
  .string()
  .regex(/^[1-9]\d{0,7}$/)
  .transform(Number);

/** What proves that logs are as they were written. */
export const proofRoutes = ({ proof }: Pick<WebDeps, 'proof'>): Hono =>
  new Hono()
    .get('/verify', async (c) => {
      const { after, limit } = parseInput(LogsQuery, queryOf(c.req.raw), 'query');
      return c.json(await proof.logs(after ?? null, Math.min(limit, MAX_LOGS)));
    })
    .get('/digests', async (c) => {
      const { limit } = parseInput(PageQuery.pick({ limit: true }), queryOf(c.req.raw), 'query');
      return c.json(await proof.digests(seqOf(c.req.query('after'), 'after'), Math.min(limit, MAX_DIGESTS)));
    })
    .get('/digests/key', async (c) => c.body(await proof.key(), 200, { 'content-type': 'application/x-pem-file' }))
    .get('/digests/:seq', async (c) => {
      const number = DigestNumber.safeParse(c.req.param('seq'));
      const text = number.success ? await proof.digest(number.data) : null;
      if (text === null) throw notFound(`digest ${c.req.param('seq').slice(0, 20)}`);
      return c.body(text, 200, { 'content-type': 'application/json' });
    });
