import { stage } from '../stage/handlers.ts';
import { finish } from './finish.ts';

export const create = stage(finish);
