import { stage } from '../stage/handlers.ts';
import { compile } from './compile.ts';

export const create = stage(compile);
