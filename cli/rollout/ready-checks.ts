import type { Api } from '../api.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Context } from '../runner.ts';
import { clean } from '../text.ts';
import { Flag, Flags } from '../views.ts';

const RUNNER = 'test_runner_enabled';
const REASON = 'a rollout starts: its stage 0 runs the checks of the project';
const PERSON = 'stage 0 asks a person for the checks of the project';

/**
 * Stage 0 runs the project's checks where the runner may. Nobody having decided that, starting a rollout does; what somebody set stays.
 */
export const readyChecks = async ({ note, json }: Context, api: Api): Promise<void> => {
  const say = (line: string): void => (json ? undefined : note(line));
  const { body } = await api.call('GET', '/flags', Flags);
  const flag = body.flags.find(({ name }) => name === RUNNER);
  if (!flag || flag.value === true) return;
  if (flag.changed_by !== null) return say(`${RUNNER} is false, set by ${clean(flag.changed_by)}: ${PERSON}`);
  try {
    const { body: set } = await api.call('PUT', `/flags/${RUNNER}`, Flag, { body: { value: true, reason: REASON } });
    say(`${RUNNER} was unset; it is ${JSON.stringify(set.value)} now, so that stage 0 runs the checks of the project`);
  } catch (error) {
    if (!(error instanceof CliError) || (error.exit !== EXIT.forbidden && error.code !== 'KILL_SWITCH')) throw error;
    say(`${RUNNER} is unset and was not set (${clean(error.message)}): ${PERSON}`);
  }
};
