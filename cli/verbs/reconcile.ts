import { ReconcileView } from '../../contracts/http.ts';
import { EXIT } from '../exit.ts';
import { type Verb, withCommon } from '../options.ts';
import type { CommonOptions } from '../runner.ts';
import { clean } from '../text.ts';

type Options = CommonOptions & { once: true; restartWaiters?: true };

/** A pass looks at every job that is not done. */
const PASS_MS = 300_000;

const COUNTS = ['checked', 'repaired', 'redelivered', 'redriven', 'recovered', 'asked', 'failed'] as const;
const IN_WORDS: Record<(typeof COUNTS)[number], string> = {
  ...{ checked: 'checked', repaired: 'repaired', redelivered: 'redelivered', redriven: 'redriven' },
  ...{ recovered: 'recovered', asked: 'handed to a person', failed: 'failed' },
};

export const reconcile: Verb = (program, run) => {
  withCommon(
    program
      .command('reconcile')
      .description('bring lists, deliveries and executions in line with the log')
      .requiredOption('--once', 'one pass, now')
      .option('--restart-waiters', 'open the waits again whose task tokens were lost'),
  ).action((options: Options) =>
    run(options, async (context) => {
      const api = await context.connect();
      const body = { restart_waiters: options.restartWaiters === true, open: true };
      const { body: done } = await api.call('POST', '/reconcile', ReconcileView, { body, timeoutMs: PASS_MS });
      for (const { job_id, did } of done.did) context.say(`${job_id}  ${clean(did)}`);
      context.say(COUNTS.map((count) => `${done[count]} ${IN_WORDS[count]}`).join(', '));
      if (done.failed === 0) return { doc: done };
      return { doc: done, exit: EXIT.bad, reason: `${done.failed} jobs could not be brought in line` };
    }),
  );
};
