import * as z from 'zod';
import type { Approval, JobState } from '../../../contracts/job-state.ts';
import { type LinkRef, Notification, type NotificationKind, type OutboxRecord, type Recipient } from '../../../contracts/notification.ts';
import { canonicalJson } from '../canonical-json.ts';
import { countCalls } from '../cost-words.ts';
import { sha256Hex } from '../hash.ts';
import { redact } from '../redaction.ts';
import { cut, oneLine } from './inert.ts';
import { nameOf } from './keys.ts';
import { asks, type Telling, wordsOf } from './words.ts';

export type NotificationValues = {
  kind: NotificationKind;
  job: JobState;
  approval: Approval | null;
  delegation: Telling['delegation'];
  to: Recipient;
  /** Which one of its kind for this state and visit, from 1: the third reminder is 3. */
  n: number;
  environment: string;
  /** Origin of the pages, such as `https://holdpoint.example`. */
  origin: string;
  /** The recipient's own link; left out where the recipient is not one person, or nothing is asked. */
  link_ref: LinkRef | null;
  note: Telling['note'];
  at: string;
  /** Known secret values: they are removed wherever they stand. */
  secrets: readonly string[];
};

/** What is to be recorded and sent: a notification without its link, and the link's name. */
export type Drafted = Pick<OutboxRecord, 'notification' | 'link_ref'>;

const costOf = ({ calls }: JobState): Notification['cost'] => {
  const { asked, usd } = countCalls(calls);
  return { calls: asked, usd };
};

/** Where a notification about the whole job belongs. */
const WHOLE_JOB = { state: 'Job', visit: 1, step: null, expires_at: null };

const MAX_TITLE = 200;
const MAX_TEXT = 1000;

/**
 * What a recipient is told, from values alone. Text of people is redacted; a model's text, comments and evidence are
 * not looked at.
 * @throws ZodError where a value is none that a notification can have
 */
export const draftNotification = (values: NotificationValues): Drafted => {
  const { kind, job, to, n, environment, origin, at, secrets } = values;
  const safe = (text: string): string => redact(text, { secrets }).text;
  // Twice: what was apart by a line break may be a name and its value on one line.
  const clean = (text: string, max = MAX_TEXT): string => cut(safe(oneLine(safe(text))), max);
  const { state, visit, step, expires_at } = values.approval ?? WHOLE_JOB;
  const words = wordsOf({ ...values, reader: to.approver });
  const personal = asks(kind) && to.approver !== null && values.link_ref?.approver === to.approver;
  const place = { job_id: job.job_id, state, visit, kind, n, to };
  const notification = Notification.extend({ link: z.null() }).parse({
    schema_version: 'notification_v1',
    id: sha256Hex(canonicalJson([environment, nameOf(place)])).slice(0, 32),
    ...{ ...place, step, environment },
    title: clean(job.title, MAX_TITLE),
    ...words,
    question: clean(words.question),
    submitted_by: clean(job.submitted_by.id),
    votes: asks(kind) && values.approval ? { given: values.approval.votes.length, needed: values.approval.policy.quorum } : null,
    created_at: at,
    expires_at: asks(kind) ? expires_at : null,
    mode: job.mode,
    degraded: job.degraded,
    cost: costOf(job),
    outcome: job.status === 'DONE' ? job.outcome : null,
    page: new URL(`/ui/jobs/${job.job_id}`, origin).href,
    link: null,
  });
  return { notification, link_ref: personal ? values.link_ref : null };
};
