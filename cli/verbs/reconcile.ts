import { ReconcileView } from '../../contracts/http.ts';
import { type Verb, withCommon } from '../options.ts';
import type { CommonOptions } from '../runner.ts';

type Options = CommonOptions & { once: true; restartWaiters?: true };

/** A pass looks at every job that is due. */
const PASS_MS = 300_000;

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
      const body = { restart_waiters: options.restartWaiters === true };
      const { body: done } = await api.call('POST', '/reconcile', ReconcileView, { body, timeoutMs: PASS_MS });
      const { checked, repaired, redelivered, redriven, failed } = done;
      context.say(`${checked} checked, ${repaired} repaired, ${redelivered} redelivered, ${redriven} redriven, ${failed} failed`);
      return { doc: done };
    }),
  );
};
