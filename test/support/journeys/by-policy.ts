import type { CloudOptions } from '../../../infra/local/cloud.ts';
import { approve, startTestCloud, submit, until, untilSettled } from '../cloud.ts';
import { commandsOf, idea, OPERATOR, telling } from './steps.ts';

/** Approvals that several people, links and time have a part in. */
export const byPolicy = async (options: Partial<CloudOptions>): Promise<void> => {
  const blueprint = {
    approvers: ['ann', 'bob'],
    quorum: 1,
    self_approval: true,
    // What expires before it can be sent is not sent.
    expires_after: 4,
    on_expiry: 'escalate',
    escalate_to: ['boss'],
  };
  const environment = telling({ blueprint });
  const cloud = await startTestCloud({ ...options, environment });
  try {
    const { job_id } = await submit(cloud.web, idea());
    await untilSettled(cloud.web, job_id, 'blueprint');
    await commandsOf(cloud, environment).delegate(job_id, {
      step: 'blueprint',
      to: 'dave',
      actor: { ...OPERATOR, id: 'ann' },
      channel: 'http',
    });
    // A decision before that keeps the pass from telling anybody, and an end before that from sending it.
    await until(
      async () => {
        const response = await fetch(`${cloud.web}/ui/outbox`);
        if (!response.ok) throw new Error(`the outbox answered ${response.status}`);
        return response.text();
      },
      (outbox) => outbox.includes('<strong>Escalated:') && !outbox.includes('not sent yet'),
    );
    await approve(cloud.web, job_id, 'blueprint', 'boss');
    await untilSettled(cloud.web, job_id, 'runspec');
  } finally {
    await cloud.remove();
  }
};
