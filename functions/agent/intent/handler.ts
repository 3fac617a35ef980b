import { ASKS } from '../../../adapters/model/parts.ts';
import { stage } from '../../stage/handlers.ts';
import { intent } from './intent.ts';

export const create = stage(intent, ASKS);
