import { Hono } from 'hono';
import * as z from 'zod';
import { asError } from '../../../contracts/errors.ts';
import { DECISION_MAX_BYTES, ReconcileBody, type StatusView } from '../../../contracts/http.ts';
import { RunId } from '../../../contracts/ids.ts';
import type { Web, WebDeps } from '../deps.ts';
import { readJson } from '../http/body.ts';
import { parseInput, queryOf } from '../http/input.ts';
import { operatorOf } from '../http/operator.ts';
import { census, prometheus, queueOf } from '../model/metrics.ts';
import { telemetryText } from '../model/telemetry-text.ts';
import { channelOf } from './decisions.ts';

/** The first of the two types that the caller names; JSON when it names neither. */
const wantsText = (accept: string | undefined): boolean => {
  const text = (accept ?? '').search(/text\/plain|application\/openmetrics-text/);
  const json = (accept ?? '').search(/application\/json/);
  return text >= 0 && (json < 0 || text < json);
};

/** What the errors of the table mean; any other is an outage. */
const INDEX_STATUS: Readonly<Record<string, StatusView['index']>> = {
  ResourceNotFoundException: 'missing',
  ValidationException: 'outdated',
};

const indexStatus = async (deps: WebDeps): Promise<StatusView['index']> => {
  try {
    await deps.index.list({ limit: 1 });
    return 'ok';
  } catch (error) {
    return INDEX_STATUS[asError(error).name] ?? 'unavailable';
  }
};

const MetricsQuery = z.object({ run_id: RunId.optional() });

export const serviceRoutes = (deps: Web): Hono =>
  new Hono()
    .get('/status', async (c) => {
      const index = await indexStatus(deps);
      const body = { service: 'holdpoint', env: deps.env, local: deps.local, at: deps.clock().toISOString(), index };
      return c.json(body, index === 'ok' ? 200 : 503);
    })
    .get('/queue', async (c) => {
      const [running, approvals, questions] = await Promise.all(
        ['RUNNING', 'WAITING_APPROVAL', 'WAITING_HUMAN'].map((status) => census(deps.index, status)),
      );
      return c.json(queueOf(running?.rows ?? [], [...(approvals?.rows ?? []), ...(questions?.rows ?? [])], deps.clock()));
    })
    .get('/metrics', async (c) => {
      const { run_id } = parseInput(MetricsQuery, queryOf(c.req.raw), 'query');
      if (run_id !== undefined) return c.json(await deps.metrics.ofRun(run_id));
      const metrics = await deps.metrics.all();
      c.header('vary', 'accept');
      return wantsText(c.req.header('accept'))
        ? c.body(prometheus(metrics) + telemetryText(metrics), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
        : c.json(metrics);
    })
    .post('/reconcile', async (c) => {
      await operatorOf(deps, c.req.raw, { operation: 'reconcile', channel: channelOf(c.req.raw) });
      const body = await readJson(c.req.raw, ReconcileBody, { limit: DECISION_MAX_BYTES, what: 'body', optional: true });
      return c.json(await deps.commands.reconcile({ restartWaiters: body.restart_waiters, all: body.all, open: body.open }));
    });
