import type { Artifacts, Cassettes, Clock, EventLog, Executions, JobIndex, KeyRing, ModelPort, TaskTokens } from '../contracts/ports.ts';
import { createArtifacts } from './aws/artifacts.ts';
import { createCassettes } from './aws/cassettes.ts';
import { createClients, type RequestHandler } from './aws/clients.ts';
import { createEventLog } from './aws/event-log.ts';
import { createExecutions } from './aws/executions.ts';
import { createJobIndex } from './aws/job-index.ts';
import { createKeyRing } from './aws/key-ring.ts';
import { createTaskTokens } from './aws/task-tokens.ts';
import type { Env } from './env.ts';
import { createReplayModel } from './model/replay.ts';

/** Everything a function may touch outside itself. */
export type World = {
  env: Env;
  clock: Clock;
  log: EventLog;
  index: JobIndex;
  tokens: TaskTokens;
  executions: Executions;
  artifacts: Artifacts;
  cassettes: Cassettes;
  model: ModelPort;
  keyRing: () => Promise<KeyRing>;
};

/** `SOURCE_DATE_EPOCH` fixes time (https://reproducible-builds.org/specs/source-date-epoch/). */
const createClock = ({ SOURCE_DATE_EPOCH: epoch }: Env): Clock => (epoch === undefined ? () => new Date() : () => new Date(epoch * 1000));

/** The only place where ports meet their implementations. */
export const createWorld = (env: Env, requestHandler?: RequestHandler): World => {
  const { s3, dynamo, sfn } = createClients(env, requestHandler);
  const cassettes = createCassettes(s3, env.HOLDPOINT_CASSETTES_BUCKET);
  return {
    env,
    clock: createClock(env),
    log: createEventLog(s3, env.HOLDPOINT_EVENTS_BUCKET),
    index: createJobIndex(dynamo, env.HOLDPOINT_TABLE),
    tokens: createTaskTokens(dynamo, env.HOLDPOINT_TABLE),
    executions: createExecutions(sfn, env.HOLDPOINT_JOB_MACHINE_ARN),
    artifacts: createArtifacts(s3, env.HOLDPOINT_ARTIFACTS_BUCKET),
    cassettes,
    model: createReplayModel({ cassettes }),
    keyRing: createKeyRing(env),
  };
};
