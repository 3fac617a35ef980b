import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Clients, createClients } from '../../adapters/aws/clients.ts';
import { readEnv } from '../../adapters/env.ts';
import { createDynamo } from '../../infra/local/dynamo.ts';
import { createEndpoint } from '../../infra/local/endpoint.ts';
import { createS3 } from '../../infra/local/s3/server.ts';
import { BUCKET_SETTINGS, functionVariables, TABLE_NAME } from '../../infra/local/settings.ts';
import { serveHttp } from '../../infra/local/wire.ts';
import { temporaryFolder } from './cloud.ts';

export type Services = { clients: Clients; close(): Promise<void> };

/** S3 and DynamoDB over a real socket, with the clients a function would have. */
export const startServices = async (): Promise<Services> => {
  const dataDir = temporaryFolder();
  const s3 = createS3({ dataDir: join(dataDir, 's3'), buckets: BUCKET_SETTINGS });
  const dynamo = await createDynamo(dataDir, TABLE_NAME);
  const states = () => Promise.resolve({ status: 501, headers: {}, body: '' });
  const endpoint = await serveHttp(createEndpoint({ s3: (r) => s3.handle(r), dynamodb: dynamo.handle, states, sns: states }), {
    port: 0,
    host: '127.0.0.1',
  });
  const env = readEnv(functionVariables(dataDir, { aws: `http://127.0.0.1:${endpoint.port}`, web: 'http://127.0.0.1:4400' }, {})('web'));
  const close = async () => {
    await endpoint.close();
    await dynamo.close();
    await s3.close();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { clients: createClients(env), close };
};
