import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Clients, createClients } from '../../adapters/aws/clients.ts';
import { readEnv } from '../../adapters/env.ts';
import { TELLS } from '../../adapters/notify/parts.ts';
import { PROVES } from '../../adapters/sign/parts.ts';
import { createWorld, type World } from '../../adapters/world.ts';
import type { JobEvent } from '../../contracts/events.ts';
import { EMPTY_LOG, sealEvent } from '../../functions/lib/event.ts';
import { submitted } from '../../functions/lib/fold.fixture.ts';
import { fold, toRecord } from '../../functions/lib/fold.ts';
import { createDynamo } from '../../infra/local/dynamo.ts';
import { createEndpoint } from '../../infra/local/endpoint.ts';
import { inProcess } from '../../infra/local/in-process.ts';
import { createKeys } from '../../infra/local/keys/keys.ts';
import { createS3 } from '../../infra/local/s3/server.ts';
import { BUCKET_SETTINGS, functionVariables, TABLE_NAME } from '../../infra/local/settings.ts';
import type { AwsRequest, Handle } from '../../infra/local/wire.ts';
import { temporaryFolder } from './cloud.ts';

export type ProofWorld = {
  world: World;
  /** Requests as anyone may send them. */
  clients: Clients;
  /** Requests for which this throws die before or after they take effect. */
  fault: { before: (request: AwsRequest) => void; after: (request: AwsRequest) => void };
  /** Throws the table away, as if it had been lost. */
  loseTable(): Promise<void>;
  close(): Promise<void>;
};

const nothing = () => undefined;

/** S3 and DynamoDB with the world of the function that signs, and no schedule: passes run when a test says so. */
export const startProofWorld = async (environment: Record<string, string> = {}): Promise<ProofWorld> => {
  const dataDir = temporaryFolder();
  const s3 = createS3({ dataDir: join(dataDir, 's3'), buckets: BUCKET_SETTINGS });
  let dynamo = await createDynamo(dataDir, TABLE_NAME);
  const fault: ProofWorld['fault'] = { before: nothing, after: nothing };
  const states = () => Promise.resolve({ status: 501, headers: {}, body: '' });
  const endpoint = createEndpoint({
    s3: (r) => s3.handle(r),
    dynamodb: (r) => dynamo.handle(r),
    states,
    secretsmanager: createKeys(dataDir).secrets,
  });
  const faulty: Handle = async (request) => {
    fault.before(request);
    const answer = await endpoint(request);
    fault.after(request);
    return answer;
  };
  const variables = functionVariables(dataDir, { aws: 'http://127.0.0.1:1', web: 'http://127.0.0.1:2' }, environment)('digest');
  const env = readEnv(variables);
  return {
    world: createWorld(env, { ...TELLS, ...PROVES, requestHandler: inProcess(faulty) }),
    clients: createClients(env, inProcess(endpoint)),
    fault,
    loseTable: async () => {
      await dynamo.close();
      rmSync(join(dataDir, 'dynamodb'), { recursive: true });
      dynamo = await createDynamo(dataDir, TABLE_NAME);
    },
    close: async () => {
      await dynamo.close();
      await s3.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};

export const jobId = (n: number): string => n.toString(16).padStart(12, '0');

/** A job's log on `length` events, the first of which is a submission. */
export const logOf = (id: string, length: number): JobEvent[] => {
  const events: JobEvent[] = [];
  for (let i = 0; i < length; i++) {
    const last = events.at(-1);
    const head = last ? { last_seq: last.seq, last_hash: last.hash } : EMPTY_LOG;
    const draft =
      i === 0 ? submitted : { ...submitted, event_type: 'RUN_COMPLETED' as const, state: 'Run', visit: i, outputs: { trades: i } };
    events.push(sealEvent(draft, { ...head, job_id: id, run_id: 'run-1', at: '2026-01-01T00:00:00.000Z' }));
  }
  return events;
};

/** Appends the events that are new, and has the index know, as stages do; `open`: the job is not done. */
export const grow = async (world: World, events: readonly JobEvent[], open: boolean): Promise<void> => {
  for (const event of events) await world.log.append(event);
  const state = fold([...events]);
  if (state) await world.index.put(toRecord(state), open ? '2026-01-01T00:00:00.000Z' : null);
};
