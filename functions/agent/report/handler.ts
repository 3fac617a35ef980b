import { stage } from '../../stage/handlers.ts';
import { report } from './report.ts';

export const create = stage(report);
