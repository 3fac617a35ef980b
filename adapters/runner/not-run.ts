import type { RunnerRequest, RunnerResult } from '../../contracts/runner.ts';

/** The answer where nothing says what to run. */
export const notRun = ({ purpose, repository }: Pick<RunnerRequest, 'purpose' | 'repository'>, message: string): RunnerResult => ({
  ...{ schema_version: 'runner_result_v1', purpose, repository, attempt: 0 },
  ...{ result: 'NOT_RUN', reason: 'no_contract', message },
});
