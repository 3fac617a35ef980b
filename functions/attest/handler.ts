import { stage } from '../stage/handlers.ts';
import { attest } from './attest.ts';

export const create = stage(attest);
