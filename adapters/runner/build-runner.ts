import { asError, RunnerPending } from '../../contracts/errors.ts';
import type { Artifacts, Clock } from '../../contracts/ports.ts';
import { RunnerBuild, type RunnerPort, type RunnerRequest, RunnerResult } from '../../contracts/runner.ts';
import { canonicalJson } from '../../functions/lib/canonical-json.ts';
import { json } from '../../functions/lib/decode.ts';
import { sha256Hex } from '../../functions/lib/hash.ts';
import { deferred, type Verdict } from '../../functions/lib/runner/outcome.ts';
import type { RunnerConfig } from './config.ts';
import { notRun } from './not-run.ts';

/** Builds somewhere else. */
export type Builds = {
  /** Starts one; the same token again means the same build. */
  start(build: { project: string; token: string; variables: Record<string, string> }): Promise<string>;
  /** `IN_PROGRESS` while it works. */
  status(id: string): Promise<string>;
};

type Config = Extract<RunnerConfig, { kind: 'codebuild' }>;
type Deps = { config: Config; artifacts: Artifacts; builds: Builds; clock: Clock };
type Deferral = Extract<Verdict, { result: 'DEFER' }>;

/** Where the build of an attempt leaves its result. */
export const resultKey = (prefix: string): string => `${prefix}/runner_result_v1.json`;
const buildKey = (prefix: string): string => `${prefix}/build.json`;

const readResult = json(RunnerResult);
const readBuild = json(RunnerBuild);

const textAt = async (artifacts: Artifacts, key: string): Promise<string | null> => {
  const found = await artifacts.get(key);
  return found && new TextDecoder().decode(found.body);
};

/** A DEFER of which no runner wrote anything. */
const withoutResult = ({ purpose, repository, attempt }: RunnerRequest, at: string, verdict: Deferral): RunnerResult => ({
  ...{ schema_version: 'runner_result_v1', purpose, repository, attempt, at, command: [], duration_ms: 0, smoke: null },
  output: { text: '', bytes: 0, truncated: false, redactions: 0 },
  ...verdict,
});

/** What a build wrote, if it is about what was asked: anything else is no result. */
const resultOf = (text: string, { purpose, repository }: RunnerRequest): RunnerResult | Deferral => {
  try {
    const result = readResult(text);
    if (result.purpose === purpose && result.repository === repository) return result;
    return deferred('missing_result', `the build answered for ${result.purpose} of ${result.repository}`);
  } catch (thrown) {
    return deferred('missing_result', `the build's result cannot be read: ${asError(thrown).message}`);
  }
};

const MESSAGE = {
  over: (status: string) => `the build ended ${status} and wrote no result; its log says why`,
  late: (seconds: number) => `the build wrote no result within ${seconds} s`,
};

/** A build, started once for an attempt, that runs the same runner and writes its result beside. */
export const createBuildRunner = ({ config, artifacts, builds, clock }: Deps): RunnerPort => {
  /** Null once a build was started; why none could be, otherwise. */
  const begin = async ({ prefix, purpose, repository, attempt }: RunnerRequest): Promise<Deferral | null> => {
    const variables = {
      HOLDPOINT_RUNNER_PREFIX: prefix,
      HOLDPOINT_RUNNER_PURPOSE: purpose,
      HOLDPOINT_RUNNER_REPOSITORY: repository,
      HOLDPOINT_RUNNER_ATTEMPT: String(attempt),
    };
    try {
      const build_id = await builds.start({ project: config.project, token: sha256Hex(prefix), variables });
      const build: RunnerBuild = { schema_version: 'runner_build_v1', build_id, started_at: clock().toISOString() };
      // Not written before: a crash in between asks for the same build again, by its token.
      await artifacts.create(buildKey(prefix), canonicalJson(build), 'application/json');
      return null;
    } catch (thrown) {
      return deferred('spawn_failed', asError(thrown).message);
    }
  };

  /** Why no result will come; null while one may. */
  const hopeless = async (text: string): Promise<string | null> => {
    const { build_id, started_at } = readBuild(text);
    if (clock().getTime() - Date.parse(started_at) > config.wait_seconds * 1000) return MESSAGE.late(config.wait_seconds);
    // Who cannot be asked is asked again: the time limit stands.
    const status = await builds.status(build_id).catch(() => 'IN_PROGRESS');
    return status === 'IN_PROGRESS' ? null : MESSAGE.over(status);
  };

  const answer = async (request: RunnerRequest): Promise<RunnerResult | Deferral> => {
    const { prefix } = request;
    const before = await textAt(artifacts, resultKey(prefix));
    if (before !== null) return resultOf(before, request);
    const build = await textAt(artifacts, buildKey(prefix));
    if (build === null) {
      const refused = await begin(request);
      if (refused) return refused;
      throw new RunnerPending(`the build of ${prefix} was started`);
    }
    const why = await hopeless(build);
    if (why === null) throw new RunnerPending(`the build of ${prefix} is at work`);
    // It may have written between the two looks.
    const last = await textAt(artifacts, resultKey(prefix));
    return last === null ? deferred('missing_result', why) : resultOf(last, request);
  };

  return {
    repository: config.repository,
    run: async (request) => {
      if (request.repository !== config.repository) {
        return notRun(request, `the build project has the source of ${config.repository} only, not of ${request.repository}`);
      }
      const found = await answer(request);
      return 'schema_version' in found ? found : withoutResult(request, clock().toISOString(), found);
    },
  };
};
