import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Env } from '../env.ts';

/** Hands requests to a server in the same process. Only the local cloud passes one; the wire stays the contract. */
export type RequestHandler = NonNullable<S3ClientConfig['requestHandler']>;

/** `unchecked` gives objects as they lie there, also those whose checksum does not fit: for judging what somebody changed. */
export type Clients = { s3: S3Client; unchecked: () => S3Client; dynamo: DynamoDBDocumentClient; sfn: SFNClient };

/** In one process nobody verifies a signature, and making one is a third of a request: it says whose it would be, and for which service. */
const unsigned = (accessKeyId: string) =>
  class {
    readonly #authorization: string;
    constructor({ service }: { service: string }) {
      const credential = `${accessKeyId}/unsigned/unsigned/${service}/aws4_request`;
      this.#authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=none, Signature=none`;
    }
    async sign<T extends { headers: Record<string, string> }>(request: T): Promise<T> {
      Object.assign(request.headers, { authorization: this.#authorization, 'x-amz-date': new Date().toISOString() });
      return request;
    }
  };

/** What every client of one function has in common. */
export const clientConfig = (env: Env, requestHandler?: RequestHandler) => ({
  region: env.AWS_REGION,
  maxAttempts: 4,
  ...(env.AWS_ENDPOINT_URL ? { endpoint: env.AWS_ENDPOINT_URL } : {}),
  ...(env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY
    ? {
        credentials: {
          accessKeyId: env.AWS_ACCESS_KEY_ID,
          secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
          ...(env.AWS_SESSION_TOKEN ? { sessionToken: env.AWS_SESSION_TOKEN } : {}),
        },
      }
    : {}),
  ...(requestHandler ? { requestHandler, signerConstructor: unsigned(env.AWS_ACCESS_KEY_ID ?? 'nobody') } : {}),
});

export type ClientConfig = ReturnType<typeof clientConfig>;

/** One function's clients, with that function's own credentials: shared ones signed calls as the wrong role. */
export const createClients = (env: Env, requestHandler?: RequestHandler): Clients => {
  const common = clientConfig(env, requestHandler);
  const s3 = { ...common, forcePathStyle: Boolean(env.AWS_ENDPOINT_URL) };
  let unchecked: S3Client | undefined;
  return {
    s3: new S3Client(s3),
    unchecked: () => (unchecked ??= new S3Client({ ...s3, responseChecksumValidation: 'WHEN_REQUIRED' })),
    dynamo: DynamoDBDocumentClient.from(new DynamoDBClient(common), { marshallOptions: { removeUndefinedValues: true } }),
    sfn: new SFNClient(common),
  };
};
