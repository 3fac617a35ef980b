import { describe, expect, test } from 'vitest';
import { LOCAL_POLICY } from '../contracts/approval-policy.ts';
import { readEnv } from './env.ts';

const VALID = {
  ...{ HOLDPOINT_ENV: 'prod', HOLDPOINT_EVENTS_BUCKET: 'e', HOLDPOINT_ARTIFACTS_BUCKET: 'a', HOLDPOINT_CASSETTES_BUCKET: 'c' },
  ...{ HOLDPOINT_TELEMETRY_BUCKET: 't', HOLDPOINT_TABLE: 'jobs', HOLDPOINT_JOB_MACHINE_ARN: 'arn:aws:states:::x' },
};
const policy = (rules: Record<string, unknown>): string =>
  JSON.stringify({ ...LOCAL_POLICY, default: { ...LOCAL_POLICY.default, ...rules } });

describe('a bad approval policy', () => {
  test.each([
    [policy({ quorum: 0 }), 'HOLDPOINT_APPROVAL_POLICY, field "default.quorum", is 0: '],
    [policy({ approvers: ['ann', '<b>'] }), 'HOLDPOINT_APPROVAL_POLICY, field "default.approvers.1", is "<b>": a name is 1-128 letters'],
    [policy({ proven_by: undefined }), 'HOLDPOINT_APPROVAL_POLICY, field "default.proven_by", is missing: '],
    [policy({ colour: 'red' }), 'HOLDPOINT_APPROVAL_POLICY, field "default.colour", is "red": Unrecognized key'],
    [policy({ approvers: ['ann'], quorum: 2 }), 'HOLDPOINT_APPROVAL_POLICY, field "default", is {'],
    [
      JSON.stringify({ ...LOCAL_POLICY, steps: { runspec: { auto_approve: { policy: 'p', modes: ['replay'] } } } }),
      'HOLDPOINT_APPROVAL_POLICY, field "steps.runspec.auto_approve", is {"policy":"p","modes":["replay"]}: runspec is never approved',
    ],
    [JSON.stringify({ ...LOCAL_POLICY, steps: { lunch: {} } }), 'field "steps.lunch", is {}: '],
    ['{"default":', 'HOLDPOINT_APPROVAL_POLICY is "{\\"default\\":": must be JSON'],
    ['7', 'HOLDPOINT_APPROVAL_POLICY is "7": '],
  ])('%.60s stops the process with the field, its value and what is allowed', (HOLDPOINT_APPROVAL_POLICY, message) => {
    expect(() => readEnv({ ...VALID, HOLDPOINT_APPROVAL_POLICY })).toThrow(message);
  });

  test('is cut short where it is long', () => {
    const approvers = Array.from({ length: 21 }, (_, i) => `somebody-${i}`);
    const read = () => readEnv({ ...VALID, HOLDPOINT_APPROVAL_POLICY: policy({ approvers }) });
    expect(read).toThrow(/field "default.approvers", is \[.{190,200}…: /);
  });
});

test('a value of a variable with a secret is in no message, whatever is wrong inside it', () => {
  const read = () => readEnv({ ...VALID, HOLDPOINT_KNOWN_SECRETS: '["hunter2", 7]' });
  expect(read).toThrow('HOLDPOINT_KNOWN_SECRETS, field "1", is (hidden): ');
  expect(read).not.toThrow('hunter2');
});
