import { stage } from '../stage/handlers.ts';
import { rolloutEffects } from '../stage/rollout.ts';
import { enter } from './enter.ts';

export const create = stage(enter, { effects: rolloutEffects });
