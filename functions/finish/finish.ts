import { PermanentError } from '../../contracts/errors.ts';
import { defineStage } from '../../contracts/stage.ts';
import { closeBooks } from '../lib/agent/books.ts';

/** Ends a job that succeeded: closes its books and writes DONE. */
export const finish = defineStage({
  reads: {},
  folds: true,
  run: ({ job }) => {
    if (!job) throw new PermanentError('finish needs the folded job');
    return {
      artifacts: closeBooks(job),
      event: { event_type: 'DONE', message: 'succeeded', outputs: { status: 'succeeded', reason: null } },
    };
  },
});
