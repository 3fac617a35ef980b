import { randomUUID } from 'node:crypto';
import { accessDenied, errorResponse } from '../s3/errors.ts';
import type { S3 } from '../s3/server.ts';
import { leaf, node, xmlDocument } from '../s3/xml.ts';
import { ACCOUNT, FUNCTION_KEY } from '../settings.ts';
import type { AwsRequest, AwsResponse, Handle } from '../wire.ts';
import { type Call, type Caller, decide, type Verdict } from './evaluate.ts';
import { type Asked, createLedger, type Ledger, type Report } from './ledger.ts';
import { type Policies } from './policy.ts';
import { askOfAthena } from './requests/athena.ts';
import { askOfDynamo } from './requests/dynamodb.ts';
import { askOfKms, askOfSecrets } from './requests/keys.ts';
import { askOfS3, type S3Ask } from './requests/s3.ts';
import { askOfSns } from './requests/sns.ts';
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
  sns(handle: Handle): Handle;
  secretsmanager(handle: Handle): Handle;
  kms(handle: Handle): Handle;
  lambda(handle: Handle): Handle;
  athena(handle: Handle): Handle;
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

const UNKNOWN = 'because the local cloud does not know which permission this request needs';

type Judge = {
  /** Decides, and keeps no record. */
  foresee(caller: Caller, call: Call): Verdict;
  record(caller: Caller, call: Call, verdict: Verdict): void;
  decide(caller: Caller, call: Call): Verdict;
  /** Why a request is refused, or null. `calls` is null where nobody knows what it asks for. */
  refusal(caller: Caller, calls: Call[] | null, what: string): string | null;
};

const createJudge = (policies: Policies, ledger: Ledger): Judge => {
  const foresee: Judge['foresee'] = (caller, call) => decide(policies, caller, call);
  const record: Judge['record'] = (caller, call, verdict) => ledger.record({ caller, call }, verdict);
  const decided: Judge['decide'] = (caller, call) => {
    const verdict = foresee(caller, call);
    record(caller, call, verdict);
    return verdict;
  };
  const refusal: Judge['refusal'] = (caller, calls, what) => {
    // A person's request that nobody knows is the service's to refuse; a function's is nothing its role was given.
    if (calls === null && caller.is === 'administrator') return null;
    if (calls === null) {
      const call = { action: what, resource: '*', context: {} };
      record(caller, call, { allowed: false, because: UNKNOWN });
      return refusalText(caller, call, UNKNOWN);
    }
    for (const call of calls) {
      const verdict = decided(caller, call);
      if (!verdict.allowed) return refusalText(caller, call, verdict.because);
    }
    return null;
  };
  return { foresee, record, decide: decided, refusal };
};

/** How services that speak JSON refuse: with status 400. */
const deniedJson = (message: string): AwsResponse => ({
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-errortype': 'AccessDeniedException' },
  body: JSON.stringify({ __type: 'com.amazon.coral.service#AccessDeniedException', Message: message, message }),
});

/** How SNS refuses. */
const deniedXml = (message: string): AwsResponse => ({
  status: 403,
  headers: { 'content-type': 'text/xml' },
  body: xmlDocument('ErrorResponse', [
    node('Error', [leaf('Type', 'Sender'), leaf('Code', 'AuthorizationError'), leaf('Message', message)]),
    leaf('RequestId', randomUUID()),
  ]),
});

type Service = { name: string; ask: (request: AwsRequest) => Call[] | null; denied: (message: string) => AwsResponse };

const guard =
  ({ refusal }: Judge, { name, ask, denied }: Service) =>
  (handle: Handle): Handle =>
  async (request) => {
    const operation = (request.headers['x-amz-target'] ?? request.method).split('.').at(-1);
    const refused = refusal(callerOf(request), ask(request), `${name}:${operation}`);
    return refused === null ? handle(request) : denied(refused);
  };

/** A missing key is admitted only to whoever may list the bucket; that permission counts as asked for only then. */
const answerKnowing = async (judge: Judge, handle: S3['handle'], request: AwsRequest, ask: S3Ask): Promise<AwsResponse> => {
  const caller = callerOf(request);
  const { admitsMissing, mayDelete } = ask;
  const verdict = admitsMissing && judge.foresee(caller, admitsMissing);
  const answer = await handle(request, {
    canList: verdict?.allowed ?? true,
    mayDelete: (...target) => mayDelete(...target).every((call) => judge.decide(caller, call).allowed),
  });
  if (verdict && answer.status === (verdict.allowed ? 404 : 403)) judge.record(caller, admitsMissing, verdict);
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

const guardS3 =
  (judge: Judge) =>
  (handle: S3['handle']): Handle =>
  async (request) => {
    const ask = askOrNull(request);
    if (!ask) return handle(request);
    const refused = judge.refusal(callerOf(request), ask.calls, `s3:${request.method}`);
    return refused === null
      ? answerKnowing(judge, handle, request, ask)
      : errorResponse(accessDenied(refused), request.method, request.path);
  };

/** Judges the requests of functions, of people and of nobody by `policies`, at the door of each service. */
export const createIam = ({ policies, heard }: IamOptions): Iam => {
  const ledger = createLedger(policies, heard);
  const judge = createJudge(policies, ledger);
  return {
    s3: guardS3(judge),
    dynamodb: guard(judge, { name: 'dynamodb', ask: askOfDynamo, denied: deniedJson }),
    states: guard(judge, { name: 'states', ask: askOfStates, denied: deniedJson }),
    sns: guard(judge, { name: 'sns', ask: askOfSns, denied: deniedXml }),
    secretsmanager: guard(judge, { name: 'secretsmanager', ask: askOfSecrets, denied: deniedJson }),
    kms: guard(judge, { name: 'kms', ask: askOfKms, denied: deniedJson }),
    // No role is given any of it.
    lambda: guard(judge, { name: 'lambda', ask: () => null, denied: deniedJson }),
    athena: guard(judge, { name: 'athena', ask: askOfAthena, denied: deniedJson }),
    report: () => ledger.report(),
  };
};
