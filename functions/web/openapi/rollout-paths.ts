import { answer, body, id, operation, paging } from './parts.ts';
import type { Json } from './schemas.ts';

export const rolloutPaths = (): Json => ({
  '/rollouts': {
    get: operation(
      'listRollouts',
      'Rollouts, newest first, with stages, evidence and canaries. Ten a page where no limit is given.',
      { 200: answer('A page of rollouts.', 'RolloutList') },
      { parameters: paging },
    ),
  },
  '/rollouts/{id}': {
    get: operation('getRollout', 'One rollout.', { 200: answer('The rollout.', 'Rollout') }, { parameters: [id] }),
  },
  '/rollouts/{id}/rollback': {
    post: operation(
      'rollBackRollout',
      'Sets the flags of a rollout back and ends it.',
      { 200: answer('The job.', 'Job') },
      { parameters: [id], requestBody: body('RollbackBody', false) },
    ),
  },
});
