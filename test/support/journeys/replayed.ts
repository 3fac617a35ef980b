import type { CloudOptions } from '../../../infra/local/cloud.ts';
import { DIGEST_KEY_ARN } from '../../../infra/local/settings.ts';
import { driveToEnd, startTestCloud, submit, untilSettled } from '../cloud.ts';
import { ask, commandsOf, decide, ended, idea, lookAround, OPERATOR, saying, setFlag, startedByAws } from './steps.ts';

const SNAPSHOT = [
  'date,open,high,low,close,volume',
  ...Array.from({ length: 400 }, (_, i) => `${new Date(Date.UTC(2001, 0, 1 + i)).toISOString().slice(0, 10)},100,101,99,100,1000`),
].join('\n');

/** Jobs of every outcome that needs no model, flags and snapshots, in one cloud. */
export const replayed = async (options: Partial<CloudOptions>): Promise<void> => {
  const cloud = await startTestCloud({ digestEveryMs: 300, environment: { HOLDPOINT_DIGEST_KEY_ARN: DIGEST_KEY_ARN }, ...options });
  const { web } = cloud;
  try {
    for (const flag of ['doctor_enabled', 'telemetry']) await setFlag(web, flag);
    const succeeds = await submit(web, idea());
    await decide(web, succeeds.job_id, 'blueprint', 'approve');
    await decide(web, succeeds.job_id, 'runspec', 'revise');
    await lookAround(web, succeeds.job_id);
    await driveToEnd(web, succeeds.job_id);
    const others = ['idea-reversal', 'idea-guarded', 'blueprint-breakout'].map(async (name) => {
      const { job_id } = await submit(web, idea(name));
      await driveToEnd(web, job_id);
      await lookAround(web, job_id);
    });
    // Where the journey ends before it comes to them, they fail with it.
    for (const other of others) other.catch(() => undefined);
    const rejected = await submit(web, idea());
    await decide(web, rejected.job_id, 'blueprint', 'reject');
    const cancelled = await submit(web, idea());
    await untilSettled(web, cancelled.job_id, 'blueprint');
    await ask(web, `/jobs/${cancelled.job_id}/cancel`, { body: { reason: 'not needed' } });
    const unknown = await submit(web, saying('Nobody has asked this before.'));
    await Promise.all([...others, startedByAws(cloud), ...[rejected, unknown].map(({ job_id }) => ended(web, job_id))]);
    await commandsOf(cloud).redrive(unknown.job_id, { reason: 'try again', actor: OPERATOR });
    await lookAround(web, unknown.job_id);
    await fetch(`${web}/snapshots/flat?symbol=FLAT`, { method: 'PUT', headers: { 'content-type': 'text/csv' }, body: SNAPSHOT });
    for (const path of ['?sql=SELECT%201', '/rows?table=phase6_metrics']) await ask(web, `/telemetry${path}`);
    for (const all of [true, false]) await ask(web, '/reconcile', { body: { all, restart_waiters: false } });
    await ask(web, '/kill', { body: { halt: true, reason: 'a drill' } });
    await ask(web, '/kill/release', { body: { reason: 'over' } });
  } finally {
    await cloud.remove();
  }
};
