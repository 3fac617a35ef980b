import { addDecision } from '../deciding.ts';
import type { Verb } from '../options.ts';

export const approve: Verb = (program, run) => addDecision(program, run, 'approve', 'approve what a job waits for');
