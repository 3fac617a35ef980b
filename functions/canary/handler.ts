import { runCanary } from '../stage/canary.ts';
import { handler } from '../stage/handlers.ts';

export const create = handler(runCanary);
