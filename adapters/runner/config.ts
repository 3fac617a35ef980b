import * as z from 'zod';

const Name = z.string().regex(/^[A-Za-z0-9_.-]{1,100}(\/[A-Za-z0-9_.-]{1,100})?$/, 'a repository is "name" or "owner/name"');

/** `HOLDPOINT_RUNNER`: what runs checks. `repository` is the project's own. */
export const RunnerConfig = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none'), repository: Name }),
  /** Child processes of this machine. */
  z.strictObject({
    kind: z.literal('child'),
    repository: Name,
    /** Folder of each repository that is here. */
    checkouts: z.record(Name, z.string().min(1)),
    /** What contracts may pass on to their commands. */
    variables: z.record(z.string(), z.string()),
    /** Tells runs of this data folder from those of another. */
    scope: z.string().min(1),
  }),
  /** A CodeBuild project, which has the source of the project's own repository. */
  z.strictObject({ kind: z.literal('codebuild'), repository: Name, project: z.string().min(1), wait_seconds: z.int().min(60) }),
]);
export type RunnerConfig = z.infer<typeof RunnerConfig>;

/** Without a runner every check is one without a contract. */
export const NO_RUNNER: RunnerConfig = { kind: 'none', repository: 'holdpoint' };
