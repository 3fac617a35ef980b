import type { AwsRequest, AwsResponse, Handle } from './wire.ts';

/** Service name of the SigV4 credential scope: `Credential=<key id>/<date>/<region>/<service>/aws4_request`. */
const serviceOf = ({ headers, query }: AwsRequest): string => {
  const scope = /Credential=([^,\s]+)/.exec(headers['authorization'] ?? '')?.[1] ?? query.get('X-Amz-Credential') ?? '';
  return scope.split('/')[3] ?? 's3';
};

const notImplemented = (service: string, has: string): AwsResponse => ({
  status: 501,
  headers: { 'content-type': 'application/json', 'x-amzn-errortype': 'NotImplemented' },
  body: JSON.stringify({
    __type: 'NotImplemented',
    message: `the local cloud does not implement the service "${service}"; it has ${has}`,
  }),
});

type Service = 's3' | 'dynamodb' | 'states' | 'sns' | 'sqs' | 'secretsmanager' | 'kms' | 'lambda' | 'athena';

/** The single AWS endpoint: routes by the signed service; unsigned requests are S3's. */
export const createEndpoint = (services: Readonly<Partial<Record<Service, Handle>>>): Handle => {
  const byName: Readonly<Partial<Record<string, Handle>>> = services;
  return async (request) => {
    const service = serviceOf(request);
    const handle = Object.hasOwn(byName, service) ? byName[service] : undefined;
    return handle ? handle(request) : notImplemented(service, Object.keys(services).join(', '));
  };
};
