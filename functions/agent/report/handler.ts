import { ASKS } from '../../../adapters/model/parts.ts';
import { stage } from '../../stage/handlers.ts';
import { report } from './report.ts';

export const create = stage(report, ASKS);
