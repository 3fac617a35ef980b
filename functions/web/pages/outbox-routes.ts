import { Hono } from 'hono';
import * as z from 'zod';
import { JobId } from '../../../contracts/ids.ts';
import type { OutboxEntry } from '../../../contracts/notification.ts';
import { loadOutbox, loadOutboxEntry } from '../api/outbox.ts';
import type { Web } from '../deps.ts';
import { actorOf } from '../http/identity.ts';
import { PageQuery, parseInput, queryOf } from '../http/input.ts';
import { page } from './layout.ts';
import { outboxEntryPage, outboxList, type ShownEntry } from './outbox.ts';

const OutboxQuery = z.object({ job: JobId.optional(), cursor: PageQuery.shape.cursor });

/** Links are shown on this machine only: elsewhere they would be another person's. */
const withLink = async (web: Web, entry: OutboxEntry): Promise<ShownEntry> => {
  const { link_ref } = entry.record;
  return { entry, link: web.local && web.linkOf && link_ref ? await web.linkOf(link_ref) : null };
};

export const outboxRoutes = (web: Web): Hono =>
  new Hono()
    .get('/ui/outbox', async (c) => {
      const { job, cursor } = parseInput(OutboxQuery, queryOf(c.req.raw), 'query');
      const query = { ...(job === undefined ? {} : { job }), ...(cursor === undefined ? {} : { cursor }) };
      const list = await loadOutbox(web, query);
      const shown = await Promise.all(list.entries.map((entry) => withLink(web, entry)));
      const main = outboxList(list, shown, query, web.clock());
      return c.html(page(web, { title: 'Outbox', at: '/ui/outbox', actor: actorOf(web, c.req.raw), main }));
    })
    .get('/ui/outbox/:job/:name', async (c) => {
      const entry = await loadOutboxEntry(web, `${c.req.param('job')}/${c.req.param('name')}`);
      const main = outboxEntryPage(await withLink(web, entry), web.clock());
      return c.html(page(web, { title: 'Notification', at: '/ui/outbox', actor: actorOf(web, c.req.raw), main }));
    });
