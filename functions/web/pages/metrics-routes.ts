import { Hono } from 'hono';
import type { Web } from '../deps.ts';
import { actorOf } from '../http/identity.ts';
import { page } from './layout.ts';
import { metricsPage } from './metrics.ts';

/** Plots over what `GET /metrics` knows. */
export const metricsRoutes = (web: Web): Hono =>
  new Hono().get('/ui/metrics', async (c) => {
    const main = metricsPage(await web.metrics.all());
    return c.html(page(web, { title: 'Metrics', at: '/ui/metrics', actor: actorOf(web, c.req.raw), main }));
  });
