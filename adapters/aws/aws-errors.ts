import * as z from 'zod';

/** SDK errors carry the service's error code as `name`. */
export const hasName = (error: unknown, ...names: string[]): boolean => error instanceof Error && names.includes(error.name);

export const isMissing = (error: unknown): boolean => hasName(error, 'NoSuchKey', 'NotFound');

const THROTTLED = [
  'SlowDown',
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'ProvisionedThroughputExceededException',
  'TimeoutError',
  'RequestTimeout',
];
const NETWORK = ['ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_SOCKET'];

const Described = z.object({
  name: z.string().optional(),
  code: z.unknown().optional(),
  $metadata: z.object({ httpStatusCode: z.number().optional() }).optional(),
});

/** Whether a service or the network failed for now: after the SDK's own tries, a later one may still succeed. */
export const isTransient = (error: Error): boolean => {
  const { name = '', code, $metadata }: z.infer<typeof Described> = Described.safeParse(error).data ?? {};
  const status = $metadata?.httpStatusCode ?? 0;
  return status >= 500 || status === 429 || THROTTLED.includes(name) || (typeof code === 'string' && NETWORK.includes(code));
};
