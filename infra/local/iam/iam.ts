import { accessDenied, errorResponse } from '../s3/errors.ts';
import type { S3 } from '../s3/server.ts';
import { ACCOUNT, FUNCTION_KEY } from '../settings.ts';
import type { AwsRequest, AwsResponse, Handle } from '../wire.ts';
import { type Call, type Caller, decide, type Verdict } from './evaluate.ts';
import { type Asked, createLedger, type Ledger, type Report } from './ledger.ts';
import { type Policies } from './policy.ts';
import { askOfDynamo } from './requests/dynamodb.ts';
import { askOfS3, type S3Ask } from './requests/s3.ts';
import { askOfStates } from './requests/states.ts';

export type IamOptions = {
  policies: Policies;
  /** Hears of every permission that was asked for. */
  heard?: (asked: Asked) => void;
};

export type Iam = {
  s3(handle: S3['handle']): Handle;
  dynamodb(handle: Handle): Handle;
  states(handle: Handle): Handle;
  report(): Report;
};

/** Access key of the signature: version 4 in header or query, or version 2 in the query, as the AWS CLI still presigns. */
const accessKey = ({ headers, query }: AwsRequest): string | undefined =>
  /Credential=([^,/\s]+)/.exec(headers['authorization'] ?? '')?.[1] ??
  query.get('X-Amz-Credential')?.split('/')[0] ??
  query.get('AWSAccessKeyId') ??
  undefined;

/** Whose key signed the request. */
export const callerOf = (request: AwsRequest): Caller => {
  const key = accessKey(request);
  if (key === undefined) return { is: 'anonymous' };
  return key.startsWith(FUNCTION_KEY) ? { is: 'function', name: key.slice(FUNCTION_KEY.length) } : { is: 'administrator' };
};

const principal = (caller: Caller): string =>
  caller.is === 'function'
    ? `arn:aws:sts::${ACCOUNT}:assumed-role/holdpoint-local-${caller.name}/${caller.name}`
    : caller.is === 'administrator'
      ? `arn:aws:iam::${ACCOUNT}:user/administrator`
      : 'anonymous';

/** In the words of AWS. */
const refusalText = (caller: Caller, { action, resource }: Call, because: string): string =>
  `User: ${principal(caller)} is not authorized to perform: ${action} on resource: "${resource}" ${because}`;

/** How DynamoDB and Step Functions refuse: with status 400. */
const deniedJson = (message: string): AwsResponse => ({
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-errortype': 'AccessDeniedException' },
  body: JSON.stringify({ __type: 'com.amazon.coral.service#AccessDeniedException', Message: message, message }),
});

const UNKNOWN = 'because the local cloud does not know which permission this request needs';

type Judge = { decide(caller: Caller, call: Call): Verdict; refusal(caller: Caller, calls: Call[] | null, what: string): string | null };

const judge = (policies: Policies, ledger: Ledger): Judge => {
  const decided = (caller: Caller, call: Call): Verdict => {
    const verdict = decide(policies, caller, call);
    ledger.record({ caller, call }, verdict);
    return verdict;
  };
  return {
    decide: decided,
    // A person's request that nobody knows is the service's to refuse; a function's is nothing its role was given.
    refusal: (caller, calls, what) => {
      if (calls === null) {
        if (caller.is === 'administrator') return null;
        const call = { action: what, resource: '*', context: {} };
        ledger.record({ caller, call }, { allowed: false, because: UNKNOWN });
        return refusalText(caller, call, UNKNOWN);
      }
      for (const call of calls) {
        const verdict = decided(caller, call);
        if (!verdict.allowed) return refusalText(caller, call, verdict.because);
      }
      return null;
    },
  };
};

const guardJson =
  ({ refusal }: Judge, service: string, ask: (request: AwsRequest) => Call[] | null) =>
  (handle: Handle): Handle =>
  async (request) => {
    const what = `${service}:${(request.headers['x-amz-target'] ?? '').split('.').at(-1)}`;
    const refused = refusal(callerOf(request), ask(request), what);
    return refused === null ? handle(request) : deniedJson(refused);
  };

/** A missing key is admitted only to whoever may list the bucket; that permission counts as asked for only then. */
const answerKnowing = async (
  { policies, ledger, judge: { decide: decided } }: { policies: Policies; ledger: Ledger; judge: Judge },
  handle: S3['handle'],
  request: AwsRequest,
  { admitsMissing, mayDelete }: S3Ask,
): Promise<AwsResponse> => {
  const caller = callerOf(request);
  const verdict = admitsMissing && decide(policies, caller, admitsMissing);
  const answer = await handle(request, {
    canList: verdict?.allowed ?? true,
    mayDelete: (...target) => mayDelete(...target).every((call) => decided(caller, call).allowed),
  });
  if (verdict && admitsMissing && answer.status === (verdict.allowed ? 404 : 403)) ledger.record({ caller, call: admitsMissing }, verdict);
  return answer;
};

const askOrNull = (request: AwsRequest): S3Ask | null => {
  try {
    return askOfS3(request);
  } catch {
    // No path S3 could read: it says so itself.
    return null;
  }
};

/** Judges the requests of functions, of people and of nobody by `policies`, at the door of each service. */
export const createIam = ({ policies, heard }: IamOptions): Iam => {
  const ledger = createLedger(policies, heard);
  const judging = judge(policies, ledger);
  return {
    s3: (handle) => async (request) => {
      const ask = askOrNull(request);
      if (!ask) return handle(request);
      const refused = judging.refusal(callerOf(request), ask.calls, `s3:${request.method}`);
      if (refused !== null) return errorResponse(accessDenied(refused), request.method, request.path);
      return answerKnowing({ policies, ledger, judge: judging }, handle, request, ask);
    },
    dynamodb: guardJson(judging, 'dynamodb', askOfDynamo),
    states: guardJson(judging, 'states', askOfStates),
    report: () => ledger.report(),
  };
};
