import type { World } from '../../adapters/world.ts';
import { asError } from '../../contracts/errors.ts';
import type { Approval, IssuedLink, JobState } from '../../contracts/job-state.ts';
import type { LinkRef, NotificationKind, Recipient } from '../../contracts/notification.ts';
import { draftNotification } from '../lib/notification/build.ts';

/** Channels that several people read: they are told where to look, never given a link of somebody's. */
const sharedWith = ({ approver }: Recipient, approval: Approval): boolean =>
  approver === null || approval.policy.approvers.length === 0 || approval.policy.approvers.includes(approver);

const refOf = (job: JobState, { state, visit }: Approval, link: IssuedLink): LinkRef => {
  const { approver, issue, key_id } = link;
  return { job_id: job.job_id, state, visit, approver, issue, key_id };
};

/**
 * Tells the recipients of the environment. Each notification is kept before it is sent, under a name of its own:
 * told twice, it is sent once. Nothing that fails here holds up the job; the reconciler sends what is left.
 */
export const tell = async (world: World, kind: NotificationKind, job: JobState, approval: Approval, n: number): Promise<void> => {
  const { recipients } = world.env.HOLDPOINT_APPROVAL_POLICY;
  const at = world.clock().toISOString();
  await Promise.all(
    recipients
      .filter((to) => sharedWith(to, approval))
      .map(async (to) => {
        const link = approval.links.findLast((one) => one.approver === to.approver && !one.revoked);
        const drafted = draftNotification({
          ...{ kind, job, approval, to, n, at, note: null },
          environment: world.env.HOLDPOINT_ENV,
          origin: world.env.HOLDPOINT_ORIGIN,
          link_ref: link ? refOf(job, approval, link) : null,
          secrets: world.env.knownSecrets,
        });
        await world.outbox.notify(drafted).catch((error: unknown) => world.report(asError(error)));
      }),
  );
};
