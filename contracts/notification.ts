import * as z from 'zod';
import { ActorId, Instant, JobId } from './ids.ts';
import { Outcome } from './job-state.ts';
import { Mode } from './llm.ts';

export const NOTIFICATION_KINDS = ['opened', 'reminded', 'escalated', 'expired', 'decided', 'done', 'alert'] as const;
export const NotificationKind = z.enum(NOTIFICATION_KINDS);
export type NotificationKind = z.infer<typeof NotificationKind>;

export const CHANNELS = ['email', 'sms', 'slack', 'telegram', 'webhook', 'outbox'] as const;
export const Channel = z.enum(CHANNELS);
export type Channel = z.infer<typeof Channel>;

/** Name of a configured address. The address itself (number, URL, topic) is configuration, and stays out of records. */
export const AddressRef = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'an address name is 1-63 lower-case letters, digits, "-" or "_"');
export type AddressRef = z.infer<typeof AddressRef>;

/** The address that a channel has without naming one. */
export const DEFAULT_ADDRESS = 'default';

/** Who is told, through what. `approver` is null where several people read the channel: then no personal link is sent. */
export const Recipient = z.strictObject({ approver: ActorId.nullable(), channel: Channel, address: AddressRef });
export type Recipient = z.infer<typeof Recipient>;

/** Names a personal link without being one: its capability is derived again from these and the key. */
export const LinkRef = z.strictObject({
  job_id: JobId,
  state: z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,63}$/),
  visit: z.int().min(1),
  approver: ActorId,
  /** How often this approver was issued one before, for this visit. */
  issue: z.int().min(0),
  key_id: z.string().min(1).max(64),
});
export type LinkRef = z.infer<typeof LinkRef>;

/** Turns the name of a link into the link. Its result is a secret of one approver: sent, never stored. */
export type LinkOf = (ref: LinkRef) => string | Promise<string>;

const text = z.string().max(1000);

/**
 * `notification_v1`: what one recipient is told, the same for every channel. Texts are redacted; nothing a model wrote
 * is in it but the job's title.
 */
export const Notification = z.strictObject({
  schema_version: z.literal('notification_v1'),
  /** The same for every attempt: receivers tell a repetition by it. */
  id: z.string().regex(/^[0-9a-f]{32}$/),
  kind: NotificationKind,
  environment: z.string().min(1).max(64),
  job_id: JobId,
  title: text,
  /** The state this is about. */
  state: z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,63}$/, 'a state name is 1-64 letters and digits'),
  step: z.string().max(64).nullable(),
  visit: z.int().min(1).max(999_999),
  /** Counts notifications of one kind, state and visit, from 1. */
  n: z.int().min(1).max(9999),
  /** One sentence: what is asked, or what happened. */
  question: text,
  /** What each answer does; null where it cannot be given. */
  on_approve: text.nullable(),
  on_reject: text.nullable(),
  on_revise: text.nullable(),
  submitted_by: text,
  /** Approvals so far, and how many it takes. */
  votes: z.strictObject({ given: z.int().min(0), needed: z.int().min(1) }).nullable(),
  to: Recipient,
  created_at: Instant,
  /** Until when an answer counts. */
  expires_at: Instant.nullable(),
  mode: Mode,
  degraded: z.boolean(),
  /** Model calls so far, and what they billed; `usd` is null where a call does not say. */
  cost: z.strictObject({ calls: z.int().min(0), usd: z.number().min(0).nullable() }),
  outcome: Outcome.nullable(),
  /** The job's page: no secret, asks who is there. */
  page: z.url(),
  /** The recipient's own link, where they have one. */
  link: z.url().nullable(),
});
export type Notification = z.infer<typeof Notification>;

/** `outbox_record_v1`: a notification as it is kept. The link is named, not contained. */
export const OutboxRecord = z.strictObject({
  schema_version: z.literal('outbox_record_v1'),
  notification: Notification.extend({ link: z.null() }),
  link_ref: LinkRef.nullable(),
  recorded_at: Instant,
  /** Until then whoever recorded it is sending it; afterwards anybody may. */
  claimed_until: Instant,
});
export type OutboxRecord = z.infer<typeof OutboxRecord>;

/** `outbox_claim_v1`: somebody tries to send it again, and is left alone until then. */
export const OutboxClaim = z.strictObject({ schema_version: z.literal('outbox_claim_v1'), round: z.int().min(1), claimed_until: Instant });
export type OutboxClaim = z.infer<typeof OutboxClaim>;

/** `outbox_sent_v1`: the channel took it. `round` above 0: an earlier sender was lost, and may have sent it too. */
export const OutboxSent = z.strictObject({
  schema_version: z.literal('outbox_sent_v1'),
  at: Instant,
  round: z.int().min(0),
  attempts: z.int().min(1),
  /** What the channel calls it. */
  receipt: z.string().max(200).nullable(),
});
export type OutboxSent = z.infer<typeof OutboxSent>;

/** `outbox_dead_v1`: given up, and why. */
export const OutboxDead = z.strictObject({
  schema_version: z.literal('outbox_dead_v1'),
  at: Instant,
  round: z.int().min(0),
  attempts: z.int().min(0),
  reason: z.string().max(1000),
});
export type OutboxDead = z.infer<typeof OutboxDead>;

/** A record with what became of it. */
export type OutboxEntry = {
  name: string;
  record: OutboxRecord;
  delivery: { status: 'recorded' } | ({ status: 'sent' } & OutboxSent) | ({ status: 'dead' } & OutboxDead);
};

/** `final`: sending it again would fail the same way. Reasons never contain an address or a secret. */
export type DeliveryResult =
  | { status: 'sent'; attempts: number; receipt: string | null }
  | { status: 'failed'; final: boolean; attempts: number; reason: string };

/** Brings a notification to its recipient (`notification.to`). Never throws: what goes wrong is a result. */
export type Notifier = { send(notification: Notification): Promise<DeliveryResult> };
