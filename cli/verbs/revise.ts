import { addDecision } from '../deciding.ts';
import type { Verb } from '../options.ts';

export const revise: Verb = (program, run) => addDecision(program, run, 'revise', 'send a step back with a comment');
