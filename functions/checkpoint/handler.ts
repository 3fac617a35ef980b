import { hold } from '../stage/handlers.ts';
import { openApproval, passesByItself } from './checkpoint.ts';

export const create = hold({ open: openApproval, pass: passesByItself });
