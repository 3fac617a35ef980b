import { handler } from '../stage/handlers.ts';
import { runRollback } from '../stage/rollback.ts';

export const create = handler(runRollback);
