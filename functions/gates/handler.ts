import { stage } from '../stage/handlers.ts';
import { gates } from './gates.ts';

export const create = stage(gates);
