import { describe, expect, it } from 'vitest';
import { isTransient } from './aws-errors.ts';

const failure = (members: object): Error => Object.assign(new Error('failed'), members);

describe('a failure of a service', () => {
  it.each([
    [{ name: 'SlowDown', $metadata: { httpStatusCode: 503 } }],
    [{ name: 'InternalError', $metadata: { httpStatusCode: 500 } }],
    [{ name: 'ProvisionedThroughputExceededException', $metadata: { httpStatusCode: 400 } }],
    [{ name: 'TimeoutError' }],
    [{ code: 'ECONNRESET' }],
  ])('is tried again by the state machine when it may pass: %o', (members) => {
    expect(isTransient(failure(members))).toBe(true);
  });

  it.each([
    [{ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } }],
    [{ name: 'ValidationException', $metadata: { httpStatusCode: 400 } }],
    [{ name: 'CompileRefused' }],
    [{}],
  ])('is final when it will not: %o', (members) => {
    expect(isTransient(failure(members))).toBe(false);
  });
});
