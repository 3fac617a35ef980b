import { defineStage } from '../../../contracts/stage.ts';
import { stage } from '../../../functions/stage/handlers.ts';

/** A state that does nothing but leave its event. */
export const create = stage(
  defineStage({ reads: {}, run: () => ({ artifacts: [], event: { event_type: 'REPORT_COMPLETED', outputs: {} } }) }),
);
