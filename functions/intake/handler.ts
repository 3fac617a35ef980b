import { handler } from '../stage/handlers.ts';
import { runIntake } from '../stage/intake.ts';

export const create = handler(runIntake);
