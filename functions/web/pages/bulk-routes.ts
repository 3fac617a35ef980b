import { type Context, Hono } from 'hono';
import * as z from 'zod';
import { MAX_BULK } from '../../../contracts/approval-http.ts';
import { Refusal } from '../../../contracts/commands.ts';
import { DECISION_MAX_BYTES } from '../../../contracts/http.ts';
import { JobId, SubjectDigest } from '../../../contracts/ids.ts';
import { Choice } from '../../../contracts/steps.ts';
import { decideAll } from '../api/bulk.ts';
import { stepOf } from '../api/decisions.ts';
import type { Web } from '../deps.ts';
import { readForm } from '../http/body.ts';
import { actorOf } from '../http/identity.ts';
import { parseInput } from '../http/input.ts';
import { bulkResult, bulkReview, type Selected } from './bulk.ts';
import { CommentField } from './comment-field.ts';
import { loadEvidence } from './evidence.ts';
import { page } from './layout.ts';

const FIELD = 'job-';
const Fields = z.object({ step: z.string().max(64), choice: Choice, comment: CommentField });

const few = <T>(items: T[]): T[] => {
  if (items.length <= MAX_BULK) return items;
  throw new Refusal('INVALID_INPUT', `${items.length} jobs are more than the ${MAX_BULK} that can be decided at once; select fewer`);
};

/** The job where it waits at that step now; null otherwise. */
const select = async (web: Web, id: string, step: string): Promise<Selected | null> => {
  const loaded = await web.commands.load(id);
  const state = loaded?.state;
  if (state?.status !== 'WAITING_APPROVAL' || state.step !== step || state.cancelled) return null;
  return { state, approval: state.approval, evidence: await loadEvidence(web, state, state.approval) };
};

const review = async (web: Web, c: Context): Promise<Response> => {
  const step = stepOf(c.req.query('step'));
  const ids = few([...new Set(c.req.queries('job') ?? [])].map((id) => parseInput(JobId, id, 'job')));
  const found = await Promise.all(ids.map(async (id) => ({ id, selected: await select(web, id, step) })));
  const selected = found.flatMap((one) => one.selected ?? []);
  const gone = found.filter((one) => one.selected === null).map(({ id }) => id);
  const actor = actorOf(web, c.req.raw);
  return c.html(page(web, { title: 'Decide together', at: '/ui/approvals', actor, main: bulkReview(step, selected, gone, actor) }));
};

const decide = async (web: Web, c: Context): Promise<Response> => {
  const fields = await readForm(c.req.raw, DECISION_MAX_BYTES);
  const { choice, comment, ...form } = parseInput(Fields, fields, 'form');
  const step = stepOf(form.step);
  const named = few(Object.entries(fields).filter(([name]) => name.startsWith(FIELD)));
  const items = named.map(([name, value]) => ({
    job_id: parseInput(JobId, name.slice(FIELD.length), 'job'),
    step,
    subject_digest: parseInput(SubjectDigest, value, 'subject digest'),
  }));
  if (items.length === 0) throw new Refusal('INVALID_INPUT', 'the form names no job; tick some under Approvals');
  const actor = actorOf(web, c.req.raw);
  const results = await decideAll(web, { choice, comment: comment || null, items, actor, channel: 'page' });
  return c.html(page(web, { title: 'Decided', at: '/ui/approvals', actor, main: bulkResult(results) }));
};

/** Several approvals of one step: a page to read what they ask, and one decision for all. */
export const bulkRoutes = (web: Web): Hono =>
  new Hono().get('/ui/approvals/review', (c) => review(web, c)).post('/ui/approvals/decide', (c) => decide(web, c));
