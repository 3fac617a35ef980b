import type { FlagValues } from '../../../contracts/flags.ts';
import type { NotRunReason, RunnerPurpose } from '../../../contracts/runner.ts';

type Refusal = { reason: Extract<NotRunReason, 'disabled' | 'out_of_scope'>; message: string };

const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(', ');

/**
 * Whether a check may run at all: the purpose's switch is on, and the repository is in its scope. Names are compared as they are:
 * "app" in the list is not "acme/app".
 * @returns null where it may
 */
export const refusalOf = (flags: FlagValues, purpose: RunnerPurpose, repository: string, own: string): Refusal | null => {
  const enabled = `${purpose}_runner_enabled` as const;
  const list = `${purpose}_runner_repos` as const;
  if (!flags[enabled]) {
    return { reason: 'disabled', message: `the flag ${enabled} is off; "holdpoint flags set ${enabled}=true" switches the runner on` };
  }
  const scope = flags[list].length === 0 ? [own] : flags[list];
  if (scope.includes(repository)) return null;
  return {
    reason: 'out_of_scope',
    message: `${JSON.stringify(repository)} is not in the scope of ${list}, which is ${quoted(scope)}; add it there`,
  };
};
