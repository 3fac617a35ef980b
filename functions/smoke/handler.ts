import { PROVES } from '../../adapters/sign/parts.ts';
import { PROBES } from '../../adapters/smoke/parts.ts';
import { stage } from '../stage/handlers.ts';
import { smokeEffects } from '../stage/smoke.ts';
import { smoke } from './smoke.ts';

export const create = stage(smoke, { ...PROVES, ...PROBES, effects: smokeEffects });
