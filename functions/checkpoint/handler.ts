import { hold } from '../stage/handlers.ts';
import { openApproval } from './checkpoint.ts';

export const create = hold(openApproval);
