import { stage } from '../../stage/handlers.ts';
import { intent } from './intent.ts';

export const create = stage(intent);
