/** What people do with the reconciler and its watchdog. */
export { redriveJob } from './executions.ts';
export { reconcile } from './pass.ts';
export { answerWatchdog } from './watchdog.ts';
