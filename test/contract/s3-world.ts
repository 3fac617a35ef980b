import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { createS3, type S3 } from '../../infra/local/s3/server.ts';
import { type AwsResponse, serveHttp } from '../../infra/local/wire.ts';

export const BUCKETS = { events: { versioning: true, objectLock: true }, files: { versioning: true }, plain: { versioning: false } };

export type TestWorld = {
  dataDir: string;
  url: string;
  client: S3Client;
  s3: S3;
  clock: { ahead: number };
  /** Closes everything and opens it again on the same files. */
  restart(): Promise<void>;
  close(): Promise<void>;
};

/** The server on a free port and a private folder, with a real SDK client. `clock.ahead` is in milliseconds. */
export async function openWorld(): Promise<TestWorld> {
  const dataDir = mkdtempSync(join(tmpdir(), 's3-contract-'));
  const clock = { ahead: 0 };
  const open = async () => {
    const s3 = createS3({ dataDir, buckets: BUCKETS, now: () => new Date(Date.now() + clock.ahead) });
    const http = await serveHttp((request) => s3.handle(request), { port: 0, host: '127.0.0.1' });
    const url = `http://127.0.0.1:${http.port}`;
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const client = new S3Client({ endpoint: url, region: 'us-east-1', forcePathStyle: true, credentials, maxAttempts: 1 });
    return { s3, http, url, client };
  };
  const shut = async ({ s3, http, client }: Awaited<ReturnType<typeof open>>) => {
    client.destroy();
    await http.close();
    await s3.close();
  };
  let running = await open();
  const world: TestWorld = {
    dataDir,
    clock,
    url: running.url,
    client: running.client,
    s3: running.s3,
    async restart() {
      await shut(running);
      running = await open();
      Object.assign(world, { url: running.url, client: running.client, s3: running.s3 });
    },
    async close() {
      await shut(running);
      rmSync(dataDir, { recursive: true });
    },
  };
  return world;
}

/** `404 NoSuchKey`, or `ok` when the call went through. */
export async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    if (error instanceof S3ServiceException) return `${error.$metadata.httpStatusCode} ${error.name}`;
    throw error;
  }
}

/** A request without the SDK, for what the SDK would not send. */
export const ask = (
  { s3 }: TestWorld,
  method: string,
  target: string,
  headers: Record<string, string> = {},
  body: string | Buffer = '',
): Promise<AwsResponse> => {
  const [path = '', query = ''] = target.split('?');
  return s3.handle({ method, path, query: new URLSearchParams(query), headers, body: Buffer.from(body) });
};
