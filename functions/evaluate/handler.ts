import { stage } from '../stage/handlers.ts';
import { rolloutEffects } from '../stage/rollout.ts';
import { evaluate } from './evaluate.ts';

export const create = stage(evaluate, { effects: rolloutEffects });
