import { addDecision } from '../deciding.ts';
import type { Verb } from '../options.ts';

export const reject: Verb = (program, run) => addDecision(program, run, 'reject', 'reject what a job waits for');
