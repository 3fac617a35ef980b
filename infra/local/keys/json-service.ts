import type { AwsRequest, AwsResponse, Handle } from '../wire.ts';

/** An answer of a service that speaks AWS JSON 1.1, in place of a result. */
export class ServiceError extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const answer = (status: number, body: unknown, code?: string): AwsResponse => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1', ...(code === undefined ? {} : { 'x-amzn-errortype': code }) },
  body: JSON.stringify(body),
});

const inputOf = ({ body }: AwsRequest): unknown => {
  try {
    return JSON.parse(body.toString('utf8') || '{}');
  } catch {
    throw new ServiceError('SerializationException', 'the request body is not JSON');
  }
};

export const actionOf = ({ headers }: AwsRequest): string => (headers['x-amz-target'] ?? '').split('.').at(-1) ?? '';

/** A service of `actions`; what it does not have answers 501. Never rejects. */
export const jsonService =
  (name: string, actions: Readonly<Record<string, (input: unknown) => unknown>>): Handle =>
  async (request) => {
    try {
      const action = actionOf(request);
      const run = Object.hasOwn(actions, action) ? actions[action] : undefined;
      if (!run) {
        const has = Object.keys(actions).join(' and ');
        throw new ServiceError('NotImplemented', `the local cloud implements ${has} of ${name}, not ${action.slice(0, 64)}`, 501);
      }
      return answer(200, await run(inputOf(request)));
    } catch (thrown) {
      const error = thrown instanceof ServiceError ? thrown : new ServiceError('InternalFailure', String(thrown), 500);
      return answer(error.status, { __type: error.code, message: error.message, Message: error.message }, error.code);
    }
  };
