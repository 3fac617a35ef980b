import { stage } from '../stage/handlers.ts';
import { registry } from './registry.ts';

export const create = stage(registry);
