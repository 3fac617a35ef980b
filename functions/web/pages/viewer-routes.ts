import { Hono } from 'hono';
import * as z from 'zod';
import { artifactHeaders } from '../api/artifacts.ts';
import type { Web } from '../deps.ts';
import { actorOf } from '../http/identity.ts';
import { artifactPathOf, jobIdOf, parseInput, queryOf } from '../http/input.ts';
import { notFound } from '../http/problem.ts';
import { page } from './layout.ts';
import { viewer } from './viewer.ts';

const whole = z
  .string()
  .regex(/^[1-9]\d{0,5}$/, 'must be a page number')
  .transform(Number);

/** How a file is asked for: a page of it, or its bytes. */
export const FileQuery = z.object({ page: whole.default(1), raw: z.literal('1').optional() });

/** Files of a job, readable in place. Served below `/ui`, where a session counts. */
export const viewerRoutes = (web: Web): Hono =>
  new Hono().get('/ui/jobs/:id/artifacts/*', async (c) => {
    const id = jobIdOf(c.req.param('id'));
    const path = artifactPathOf(c.req.path);
    const query = parseInput(FileQuery, queryOf(c.req.raw), 'query');
    const object = await web.artifacts.get(`jobs/${id}/${path}`);
    if (!object) throw notFound(`artifact "${path}" of job ${id}`);
    if (query.raw) return c.body(new Uint8Array(object.body), 200, artifactHeaders(path));
    const viewed = { path, body: object.body, raw: '?raw=1', pageHref: (n: number) => `?page=${n}`, page: query.page };
    const main = viewer(viewed, { href: `/ui/jobs/${id}`, name: `Job ${id}` });
    const name = path.split('/').at(-1) ?? path;
    return c.html(page(web, { title: name, at: '/ui/jobs', actor: actorOf(web, c.req.raw), main }));
  });
