import { Hono } from 'hono';
import * as z from 'zod';
import { Refusal } from '../../../contracts/commands.ts';
import { AgentId, SnapshotId } from '../../../contracts/ids.ts';
import { SNAPSHOT_MAX_BYTES, SymbolName } from '../../../contracts/snapshot.ts';
import type { WebDeps } from '../deps.ts';
import { readText } from '../http/body.ts';
import { actorOf } from '../http/identity.ts';
import { parseInput, queryOf } from '../http/input.ts';

const SnapshotQuery = z.object({ symbol: SymbolName.optional(), source: z.string().max(500).optional() });
const CassetteQuery = z.object({ agent: AgentId.optional() });

export const storeRoutes = (deps: WebDeps): Hono =>
  new Hono()
    .get('/snapshots', async (c) => c.json({ snapshots: await deps.snapshots.list() }))
    .put('/snapshots/:id', async (c) => {
      actorOf(deps, c.req.raw);
      const id = parseInput(SnapshotId, c.req.param('id'), 'snapshot id');
      const { symbol, source } = parseInput(SnapshotQuery, queryOf(c.req.raw), 'query');
      const type = c.req.header('content-type') ?? '';
      if (!/^text\/csv\s*(;|$)/i.test(type)) {
        throw new Refusal('INVALID_INPUT', `bars must be sent as content-type text/csv, not "${type.slice(0, 100)}"`);
      }
      const csv = await readText(c.req.raw, SNAPSHOT_MAX_BYTES, 'the CSV');
      return c.json(await deps.snapshots.put(id, csv, { symbol: symbol ?? null, source: source ?? null }));
    })
    .get('/cassettes', async (c) => {
      const { agent } = parseInput(CassetteQuery, queryOf(c.req.raw), 'query');
      return c.json({ cassettes: await deps.cassettes.list(agent) });
    });
