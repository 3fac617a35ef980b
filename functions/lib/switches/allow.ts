import { KillSwitchActive } from '../../../contracts/errors.ts';
import type { Mode } from '../../../contracts/llm.ts';
import type { KillSwitch, Switches } from '../../../contracts/switches.ts';

const UNKNOWN = 'flags and kill switch cannot be read';

/** Who halted, when and why, in one sentence. */
export const haltedWords = ({ by, at, reason }: KillSwitch): string =>
  `${by ?? 'somebody'} halted everything at ${at ?? 'an unknown time'}${reason === null ? '' : `: ${reason}`}`;

/** Why no new job may start; null where one may. */
export const whyNoJobs = ({ kill, readable }: Switches): string | null => {
  if (!readable) return `${UNKNOWN}, so no new job is taken; try again in a moment`;
  return kill.halted ? `no new job is taken: ${haltedWords(kill)}; release the kill switch first` : null;
};

/**
 * Lets a model call happen, or not. A replay asks nobody, so it may go on while the state cannot be read; a halt stops it too.
 * @throws KillSwitchActive
 */
export const allowModelCall = ({ kill, readable }: Switches, mode: Mode): void => {
  if (kill.halted) throw new KillSwitchActive(`no model is asked: ${haltedWords(kill)}; the job goes on after the release`);
  if (!readable && mode !== 'replay') throw new KillSwitchActive(`no model is asked: ${UNKNOWN}; the job goes on when they can be read`);
};

/**
 * Lets something be written outside of jobs, or not.
 * @throws KillSwitchActive
 */
export const allowExternalWrite = ({ kill, readable }: Switches, what: string): void => {
  if (kill.halted) throw new KillSwitchActive(`${what} is not written: ${haltedWords(kill)}; the job goes on after the release`);
  if (!readable) throw new KillSwitchActive(`${what} is not written: ${UNKNOWN}; the job goes on when they can be read`);
};

/**
 * Lets a command be run, or not.
 * @throws KillSwitchActive
 */
export const allowCheck = ({ kill, readable }: Switches): void => {
  if (kill.halted) throw new KillSwitchActive(`no check is run: ${haltedWords(kill)}; the job goes on after the release`);
  if (!readable) throw new KillSwitchActive(`no check is run: ${UNKNOWN}; the job goes on when they can be read`);
};
