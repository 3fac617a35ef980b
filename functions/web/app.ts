import { Hono } from 'hono';
import { approvalRoutes } from './api/approvals.ts';
import { artifactRoutes } from './api/artifacts.ts';
import { costRoutes } from './api/cost.ts';
import { decisionRoutes } from './api/decisions.ts';
import { jobRoutes } from './api/jobs.ts';
import { proofRoutes } from './api/proof.ts';
import { readingRoutes } from './api/reading.ts';
import { rolloutRoutes } from './api/rollouts.ts';
import { serviceRoutes } from './api/service.ts';
import { storeRoutes } from './api/stores.ts';
import { switchRoutes } from './api/switches.ts';
import { serveAssets } from './assets/assets.ts';
import type { Web, WebDeps } from './deps.ts';
import { secureHeaders } from './http/headers.ts';
import { actorOf } from './http/identity.ts';
import { loggedPath } from './http/logged-path.ts';
import { refuseForeignHost, refuseForeignWrite } from './http/origin.ts';
import { notFound, problemOf } from './http/problem.ts';
import { linkRoutes } from './link/routes.ts';
import { type FlowMap, flowMap } from './model/flow-map.ts';
import { metricsReader } from './model/service-metrics.ts';
import { bulkRoutes } from './pages/bulk-routes.ts';
import { controlRoutes } from './pages/control-routes.ts';
import { errorPage } from './pages/error.ts';
import { metricsRoutes } from './pages/metrics-routes.ts';
import { outboxRoutes } from './pages/outbox-routes.ts';
import { pageRoutes } from './pages/routes.ts';
import { viewerRoutes } from './pages/viewer-routes.ts';
import { askToSignIn } from './session/pages.ts';
import { sessionRoutes } from './session/routes.ts';

type Machine = Parameters<WebDeps['flow']>[0];

export type { WebDeps } from './deps.ts';

const OPEN = /^\/(|healthz|openapi\.json|assets\/[^/]+|auth\/[^/]+)$/;
/** The route looks the capability up first, and asks who is there only where the link alone does not do. */
const LINK = /^\/a\/[^/]+$/;

const wantsPage = (request: Request): boolean =>
  /^\/(ui|a|auth)\//.test(new URL(request.url).pathname) && (request.headers.get('accept') ?? '').includes('text/html');

const answerError = (web: Web, thrown: unknown, request: Request): Response | Promise<Response> => {
  const problem = problemOf(thrown);
  if (problem.status === 500) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    web.report?.(error, { method: request.method, path: loggedPath(request) });
  }
  if (wantsPage(request)) return problem.status === 401 && web.signIn ? askToSignIn(web, problem, request) : errorPage(web, problem);
  return new Response(JSON.stringify(problem), { status: problem.status, headers: { 'content-type': 'application/problem+json' } });
};

/** The HTTP API and the pages. A job's page is an error while its machine, as `deps.flow` gives it, is not a whole one. */
export const createWeb = (deps: WebDeps): Hono => {
  const drawn = new Map<Machine, Promise<FlowMap>>();
  const map = (machine: Machine): Promise<FlowMap> => {
    const known = drawn.get(machine) ?? deps.flow(machine).then(flowMap);
    drawn.set(machine, known);
    return known;
  };
  const web: Web = { ...deps, map: ({ kind }) => map(kind === 'rollout' ? 'rollout' : 'job'), metrics: metricsReader(deps, deps.clock) };
  const app = new Hono();
  app.use(secureHeaders(deps.local));
  app.use(async (c, next) => {
    if (deps.local) refuseForeignHost(c.req.raw);
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') refuseForeignWrite(c.req.raw);
    if (!OPEN.test(c.req.path)) {
      await deps.signIn?.recognise(c.req.raw);
      if (!LINK.test(c.req.path)) actorOf(deps, c.req.raw);
    }
    await next();
  });
  app.onError((thrown, c) => answerError(web, thrown, c.req.raw));
  app.notFound((c) => answerError(web, notFound(`${c.req.method} ${c.req.path.slice(0, 100)}`), c.req.raw));
  app.get('/', (c) => c.redirect('/ui/jobs', 302));
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  // Loaded with the first request: the document and its schemas are read by few, and written for all of the API.
  app.get('/ui/rollout', async (c) => (await import('./pages/rollout/show.ts')).showRollout(web, c));
  app.get('/openapi.json', async (c) => c.json((await import('./openapi.ts')).openApi()));
  for (const routes of [
    serveAssets(),
    serviceRoutes(web),
    jobRoutes(deps),
    readingRoutes(deps),
    decisionRoutes(deps),
    approvalRoutes(deps),
    artifactRoutes(deps),
    proofRoutes(deps),
    costRoutes(deps),
    rolloutRoutes(deps),
    storeRoutes(deps),
    switchRoutes(deps),
    new Hono().route('/ui', readingRoutes(deps)),
    pageRoutes(web),
    outboxRoutes(web),
    viewerRoutes(web),
    controlRoutes(web),
    bulkRoutes(web),
    metricsRoutes(web),
    linkRoutes(web),
    sessionRoutes(web),
  ]) {
    app.route('/', routes);
  }
  return app;
};
