import { randomBytes } from 'node:crypto';
import type { AwsResponse } from '../wire.ts';
import { leaf, xmlDocument } from './xml.ts';

/** An answer S3 would give: HTTP status, S3 error code, message. `detail` becomes elements of the XML body. */
export class S3Error extends Error {
  override name = 'S3Error';
  readonly status: number;
  readonly code: string;
  readonly detail: Record<string, string>;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { detail?: Record<string, string>; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.detail = more.detail ?? {};
    this.headers = more.headers ?? {};
  }
}

export const notImplemented = (what: string): S3Error =>
  new S3Error(501, 'NotImplemented', `A header, parameter or operation you provided is not implemented here: ${what}`);

export const invalidArgument = (name: string, value: string, allowed: string): S3Error =>
  new S3Error(400, 'InvalidArgument', `${name} is not valid: it must be ${allowed}`, {
    detail: { ArgumentName: name, ArgumentValue: value },
  });

export const accessDenied = (message = 'Access Denied'): S3Error => new S3Error(403, 'AccessDenied', message);

export const preconditionFailed = (condition: string): S3Error =>
  new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    detail: { Condition: condition },
  });

export const requestId = (): string => randomBytes(8).toString('hex').toUpperCase();

/** Turns anything thrown into an S3 error answer; what is not an S3Error becomes 500 InternalError. */
export function errorResponse(thrown: unknown, method: string, path: string): AwsResponse {
  const error = thrown instanceof S3Error ? thrown : internalError(thrown);
  const id = requestId();
  const headers = { 'x-amz-request-id': id, ...error.headers };
  if (method === 'HEAD' || error.status === 304) return { status: error.status, headers, body: '' };
  const detail = Object.entries(error.detail).map(([name, value]) => leaf(name, value));
  const body = xmlDocument(
    'Error',
    [leaf('Code', error.code), leaf('Message', error.message), ...detail, leaf('Resource', path), leaf('RequestId', id)],
    false,
  );
  return { status: error.status, headers: { ...headers, 'content-type': 'application/xml' }, body };
}

// The system's code, not its message: that one carries paths of this machine.
function internalError(thrown: unknown): S3Error {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
  const hint = code === 'ENOSPC' || code === 'EDQUOT' ? 'the disk is full; free some space and try again' : 'try again';
  return new S3Error(500, 'InternalError', `We encountered an internal error (${code}): ${hint}`);
}
