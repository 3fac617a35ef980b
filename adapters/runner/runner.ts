import type { Artifacts, Clock } from '../../contracts/ports.ts';
import type { RunnerPort } from '../../contracts/runner.ts';
import { type Builds, createBuildRunner } from './build-runner.ts';
import type { RunnerConfig } from './config.ts';
import { executeCheck } from './execute.ts';
import { notRun } from './not-run.ts';

type Deps = { config: RunnerConfig; secrets: readonly string[]; clock: Clock; artifacts: Artifacts; builds: Builds };

const childRunner = (config: Extract<RunnerConfig, { kind: 'child' }>, { secrets, clock }: Deps): RunnerPort => ({
  repository: config.repository,
  run: async (request) => {
    const checkout = config.checkouts[request.repository];
    if (checkout === undefined) return notRun(request, `there is no checkout of ${request.repository} on this machine`);
    return executeCheck(request, { checkout, secrets, clock, variables: config.variables, scope: config.scope });
  },
});

/** What runs checks in this environment. */
export const createRunner = (deps: Deps): RunnerPort => {
  const { config } = deps;
  switch (config.kind) {
    case 'none':
      return {
        repository: config.repository,
        run: async (request) => notRun(request, 'this environment has no runner; give it one in infra/environments.ts (field "runner")'),
      };
    case 'child':
      return childRunner(config, deps);
    case 'codebuild':
      return createBuildRunner({ ...deps, config });
  }
};
