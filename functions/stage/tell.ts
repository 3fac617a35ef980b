import type { World } from '../../adapters/world.ts';
import { asError } from '../../contracts/errors.ts';
import type { JobEvent } from '../../contracts/events.ts';
import type { Approval, IssuedLink, JobState } from '../../contracts/job-state.ts';
import type { LinkRef, NotificationKind, Recipient } from '../../contracts/notification.ts';
import { draftNotification } from '../lib/notification/build.ts';

type Delegation = Approval['delegations'][number];

const isApprover = ({ policy: { approvers } }: Approval, id: string): boolean => approvers.length === 0 || approvers.includes(id);

/** By which somebody who is no approver may decide. */
const standsIn = (approval: Approval, { approver }: Recipient): Delegation | null =>
  approval.delegations.find(({ to }) => to === approver && !isApprover(approval, to)) ?? null;

/** Whom a delegation is told to: who decides by it, or where nothing leads to them alone, the channels that several people read. */
const toldOf = ({ to }: Delegation, recipients: readonly Recipient[]): Recipient[] => {
  const own = recipients.filter(({ approver }) => approver === to);
  return own.length > 0 ? own : recipients.filter(({ approver }) => approver === null);
};

/** Those who are asked. Who stands in for an approver is told so by the delegation, and reminded from there on. */
const asked = (kind: NotificationKind, approval: Approval, recipients: readonly Recipient[]): Recipient[] =>
  recipients.filter(
    (to) => to.approver === null || isApprover(approval, to.approver) || (kind !== 'opened' && standsIn(approval, to) !== null),
  );

const refOf = (job: JobState, { state, visit }: Approval, link: IssuedLink): LinkRef => {
  const { approver, issue, key_id } = link;
  return { job_id: job.job_id, state, visit, approver, issue, key_id };
};

/** What was last said of an open approval; nothing where it was refused for being late. */
const newestOf = (last: JobEvent | undefined, { reminders, expiries }: Approval): Told | null => {
  if (last === undefined) return { kind: 'opened', n: 1 };
  if (last.event_type === 'APPROVAL_REMINDED') return { kind: 'reminded', n: reminders };
  const action = last.outputs['action'];
  return action === 'reject' ? null : { kind: action === 'escalate' ? 'escalated' : 'expired', n: expiries };
};

/** What is told of an approval; `n` counts what is told of this kind. */
export type Told = { kind: NotificationKind; n: number; delegation?: Delegation };

/**
 * Tells the recipients of the environment. Each notification is kept before it is sent, under a name of its own:
 * told twice, it is sent once. Nothing that fails here holds up the job; the reconciler sends what is left.
 */
export const tell = async (world: World, { kind, n, delegation }: Told, job: JobState, approval: Approval): Promise<void> => {
  const { recipients } = world.env.HOLDPOINT_APPROVAL_POLICY;
  const at = world.clock().toISOString();
  await Promise.all(
    (delegation ? toldOf(delegation, recipients) : asked(kind, approval, recipients)).map(async (to) => {
      const link = approval.links.findLast((one) => one.approver === to.approver && !one.revoked && one.expires_at > at);
      const drafted = draftNotification({
        ...{ kind, job, approval, to, n, at, note: null, delegation: delegation ?? standsIn(approval, to) },
        environment: world.env.HOLDPOINT_ENV,
        origin: world.env.HOLDPOINT_ORIGIN,
        link_ref: link ? refOf(job, approval, link) : null,
        secrets: world.env.knownSecrets,
      });
      await world.outbox.notify(drafted).catch((error: unknown) => world.report(asError(error)));
    }),
  );
};

/**
 * Tells the newest of what asks, and the delegations since: what was told before would only ask the same again, of people who
 * may not have been asked then.
 */
export const tellNewest = async (world: World, job: JobState, events: readonly JobEvent[]): Promise<void> => {
  if (job.status !== 'WAITING_APPROVAL' && job.status !== 'WAITING_HUMAN') return;
  const { approval } = job;
  const about = events.filter(({ outputs }) => outputs['state'] === approval.state && outputs['visit'] === approval.visit);
  const last = about.findLast(({ event_type: type }) => type === 'APPROVAL_REMINDED' || type === 'APPROVAL_EXPIRED');
  const told = newestOf(last, approval);
  if (told) await tell(world, told, job, approval);
  const seqs = about.filter(({ event_type }) => event_type === 'APPROVAL_DELEGATED').map(({ seq }) => seq);
  for (const [i, delegation] of approval.delegations.entries()) {
    // The opening itself is the first.
    if ((seqs[i] ?? 0) > (last?.seq ?? 0)) await tell(world, { kind: 'opened', n: i + 2, delegation }, job, approval);
  }
};

/** Tells the channels that several people read of something wrong with a job; `n` names this opening of it, so that it is told once. */
export const tellAlert = async (world: World, job: JobState, note: string, n: number): Promise<void> => {
  const { recipients } = world.env.HOLDPOINT_APPROVAL_POLICY;
  const told = { kind: 'alert', job, approval: null, delegation: null, link_ref: null, note, n } as const;
  await Promise.all(
    recipients
      .filter(({ approver }) => approver === null)
      .map(async (to) => {
        const drafted = draftNotification({
          ...{ ...told, to, at: world.clock().toISOString(), environment: world.env.HOLDPOINT_ENV },
          ...{ origin: world.env.HOLDPOINT_ORIGIN, secrets: world.env.knownSecrets },
        });
        await world.outbox.notify(drafted).catch((error: unknown) => world.report(asError(error)));
      }),
  );
};
