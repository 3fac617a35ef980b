import * as z from 'zod';
import { FUNCTIONS, type FunctionName } from '../functions.ts';
import { functionArn } from './arns.ts';
import type { AwsRequest, AwsResponse, Handle } from './wire.ts';

export type Concurrency = {
  /** The operations of Lambda that show and set concurrency. Never rejects. */
  handle: Handle;
  /** A place for one run of a function, to be given back; null where its reserved concurrency is used up. */
  take(name: string): (() => void) | null;
};

/** Of a new account, and what of it must be left unreserved: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html */
const ACCOUNT_LIMIT = 1000;
const LEAST_UNRESERVED = 100;

/** What Step Functions calls a run that Lambda refuses. */
export const THROTTLED = {
  errorType: 'Lambda.TooManyRequestsException',
  errorMessage: 'Rate Exceeded. (Service: Lambda, Status Code: 429)',
};

const answer = (status: number, body: unknown, code?: string): AwsResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...(code === undefined ? {} : { 'x-amzn-errortype': code }) },
  body: body === null ? '' : JSON.stringify(body),
});

const refused = (status: number, code: string, message: string): AwsResponse =>
  answer(status, { Type: status < 500 ? 'User' : 'Service', Message: message, message }, code);

const nameOf = (given: string): FunctionName | undefined =>
  FUNCTIONS.find(({ name }) => given === functionArn(name) || functionArn(name).endsWith(`:${given}`))?.name;

const Reserve = z.object({ ReservedConcurrentExecutions: z.int().min(0) });

const reserveOf = ({ body }: AwsRequest): number | null => {
  try {
    return Reserve.parse(JSON.parse(body.toString('utf8'))).ReservedConcurrentExecutions;
  } catch {
    return null;
  }
};

/** Reserved concurrency of the functions here, in memory: a restart forgets it. 0 stops a function. */
export const createConcurrency = (): Concurrency => {
  const reserved = new Map<string, number>();
  const running = new Map<string, number>();
  const unreserved = (): number => [...reserved.values()].reduce((left, one) => left - one, ACCOUNT_LIMIT);

  const put = (name: FunctionName, wanted: number | null): AwsResponse => {
    if (wanted === null) return refused(400, 'InvalidParameterValueException', 'ReservedConcurrentExecutions must be a whole number');
    if (unreserved() + (reserved.get(name) ?? 0) - wanted < LEAST_UNRESERVED) {
      const message = `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${LEAST_UNRESERVED}].`;
      return refused(400, 'InvalidParameterValueException', message);
    }
    reserved.set(name, wanted);
    return answer(200, { ReservedConcurrentExecutions: wanted });
  };

  const ofFunction = (request: AwsRequest, given: string): AwsResponse | null => {
    const name = nameOf(given);
    if (!name) return refused(404, 'ResourceNotFoundException', `Function not found: ${given}`);
    switch (request.method) {
      case 'PUT':
        return put(name, reserveOf(request));
      case 'GET':
        return answer(200, reserved.has(name) ? { ReservedConcurrentExecutions: reserved.get(name) } : {});
      case 'DELETE':
        reserved.delete(name);
        return answer(204, null);
      default:
        return null;
    }
  };

  const settings = () => ({
    AccountLimit: { ConcurrentExecutions: ACCOUNT_LIMIT, UnreservedConcurrentExecutions: unreserved() },
    AccountUsage: { FunctionCount: FUNCTIONS.length },
  });

  const answered = (request: AwsRequest): AwsResponse | null => {
    if (request.method === 'GET' && /^\/[\d-]+\/account-settings\/?$/.test(request.path)) return answer(200, settings());
    const [, given] = /^\/[\d-]+\/functions\/([^/]+)\/concurrency$/.exec(request.path) ?? [];
    return given === undefined ? null : ofFunction(request, decodeURIComponent(given));
  };

  return {
    handle: async (request) =>
      answered(request) ??
      refused(501, 'NotImplemented', 'the local cloud implements account settings and the concurrency of functions of Lambda, no more'),
    take: (name) => {
      const now = running.get(name) ?? 0;
      if (now >= (reserved.get(name) ?? ACCOUNT_LIMIT)) return null;
      running.set(name, now + 1);
      return () => void running.set(name, (running.get(name) ?? 1) - 1);
    },
  };
};
