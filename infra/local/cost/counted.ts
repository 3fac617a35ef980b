import { setTimeout as pause } from 'node:timers/promises';
import { plus } from '../../../contracts/pricing.ts';
import type { WebDeps } from '../../../functions/web/deps.ts';
import type { SfnService } from '../sfn/service.ts';
import type { Meter } from './meter.ts';

/** A job is done a moment before its last function and its execution are: their units belong to it. */
const LAST_MOMENTS = { everyMs: 10, tries: 100 };

/** What was counted for a job, where requests arrive and in the journals of its executions. */
export const countedBy =
  (meter: Pick<Meter, 'read'>, sfn: Pick<SfnService, 'counted'>): NonNullable<WebDeps['counted']> =>
  async ({ id, runs, done }) => {
    let executions = await sfn.counted(runs);
    const tries = done ? LAST_MOMENTS.tries : 0;
    for (let i = 0; executions.running && i < tries; i++) {
      await pause(LAST_MOMENTS.everyMs);
      executions = await sfn.counted(runs);
    }
    const { job, viewing, upkeep } = meter.read(id);
    return { job: plus(job, { transitions: executions.transitions, log_bytes: executions.log_bytes }), viewing, upkeep };
  };
