import { stage } from '../stage/handlers.ts';
import { run } from './run.ts';

export const create = stage(run);
