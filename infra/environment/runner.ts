import * as z from 'zod';
import type { RunnerConfig } from '../../adapters/runner/config.ts';
import { MAX_CHECK_SECONDS } from '../../contracts/runner.ts';
import { runnerProjectName } from '../names.ts';

/** How long a build may wait for a machine, in minutes: what CodeBuild takes at least. */
export const QUEUED_MINUTES = 5;
/** What a build does besides its check: fetching its source, `npm ci`. */
const AROUND_MINUTES = 5;
const LONGEST_MINUTES = MAX_CHECK_SECONDS / 60 + AROUND_MINUTES;

/** What runs checks: a build project with the tree that this stack was deployed from. */
export const Runner = z.strictObject({
  /** The project's own repository, as flags and results name it. */
  repository: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,100}(\/[A-Za-z0-9_.-]{1,100})?$/, 'must be "name" or "owner/name"')
    .default('holdpoint'),
  compute: z.enum(['small', 'medium', 'large']).default('small'),
  timeoutMinutes: z.int().min(5).max(LONGEST_MINUTES).default(LONGEST_MINUTES),
});
export type Runner = z.infer<typeof Runner>;

/** Of the function that starts builds. Without a runner it has none, and every check is one without a contract. */
export const runnerVariables = (environment: { name: string; runner?: Runner | undefined }): Record<string, string> => {
  const { runner } = environment;
  if (!runner) return {};
  const config: RunnerConfig = {
    kind: 'codebuild',
    repository: runner.repository,
    project: runnerProjectName(environment),
    wait_seconds: (runner.timeoutMinutes + QUEUED_MINUTES + 1) * 60,
  };
  return { HOLDPOINT_RUNNER: JSON.stringify(config) };
};
