import { CHECKS } from '../../adapters/runner/parts.ts';
import { stage } from '../stage/handlers.ts';
import { runner } from './runner.ts';

export const create = stage(runner, CHECKS);
