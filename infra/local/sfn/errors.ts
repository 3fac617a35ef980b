import type { AwsResponse } from '../wire.ts';

/** A refusal in Step Functions' own words: `code` is the `__type` the SDKs turn into an exception of that name. */
export class SfnError extends Error {
  override name = 'SfnError';
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const quoted = (code: string, label: string) => (detail: string) => new SfnError(code, `${label}: '${detail}'`);

export const invalidArn = quoted('InvalidArn', 'Invalid Arn');
export const invalidName = quoted('InvalidName', 'Invalid Name');
export const invalidToken = quoted('InvalidToken', 'Invalid Token');
export const invalidOutput = quoted('InvalidOutput', 'Invalid Output');
export const invalidInput = quoted('InvalidExecutionInput', 'Invalid State Machine Execution Input');
export const noSuchExecution = quoted('ExecutionDoesNotExist', 'Execution Does Not Exist');
export const noSuchMachine = quoted('StateMachineDoesNotExist', 'State Machine Does Not Exist');
export const alreadyExists = quoted('ExecutionAlreadyExists', 'Execution Already Exists');
export const notRedrivable = quoted('ExecutionNotRedrivable', 'Execution Not Redrivable');
export const taskGone = () => new SfnError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
export const invalid = (message: string) => new SfnError('ValidationException', message);
export const notImplemented = (what: string) =>
  new SfnError('NotImplemented', `${what} is not implemented by this local Step Functions`, 501);

export const answer = (status: number, body: unknown): AwsResponse => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify(body),
});

export const refusal = (error: unknown): AwsResponse =>
  error instanceof SfnError
    ? answer(error.status, { __type: error.code, message: error.message })
    : answer(500, { __type: 'InternalFailure', message: `local Step Functions failed: ${String(error)}` });
