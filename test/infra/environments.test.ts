import { expect, test } from 'vitest';
import { ENVIRONMENTS, parseEnvironments } from '../../infra/environments.ts';
import { bucketName } from '../../infra/names.ts';
import { environment } from './synth.ts';

const DEV = environment('dev');

test('dev, staging and prod ship', () => {
  expect(ENVIRONMENTS.map(({ name }) => name)).toEqual(['dev', 'staging', 'prod']);
});

test('every shipped environment starts safe: nothing is live', () => {
  for (const { llm, ci } of ENVIRONMENTS) {
    expect(llm).toMatchObject({ mode: 'replay' });
    expect(llm).not.toHaveProperty('keysSecretArn');
    expect(ci.checks).toBe('required');
  }
});

test.each([
  [{ region: 'mars' }, 'environment "dev", field "region" is "mars": must be an AWS region'],
  [{ account: '12' }, 'field "account" is "12": must be the 12 digits'],
  [{ objectLock: { mode: 'strict' } }, 'field "objectLock.mode" is "strict"'],
  [{ objectLock: { mode: 'governance', days: 0 } }, 'field "objectLock.days" is 0'],
  [{ retention: { logDays: 8, noncurrentDays: 1 } }, 'field "retention.logDays" is 8'],
  [{ llm: { mode: 'live', providers: ['openai'] } }, 'field "llm.providers.0" is "openai"'],
  [{ llm: { mode: 'fast', providers: ['mock'] } }, 'field "llm.mode" is "fast"'],
  [{ oidc: { issuer: 'http://id.example', audience: ['web'] } }, 'field "oidc.issuer" is "http://id.example": must be an https URL'],
  [{ oidc: { issuer: 'https://id.example', audience: [] } }, 'field "oidc.audience" is []'],
  [{ oidc: { issuer: 'https://id.example', audience: ['a'], signIn: 'maybe' } }, 'field "oidc.signIn" is "maybe"'],
  [
    { oidc: { issuer: 'https://id.example', audience: ['a'], clientSecretArn: 'arn:aws:s3:::x' } },
    'field "oidc.clientSecretArn" is "arn:aws:s3:::x"',
  ],
  [{ bucketSuffix: '-x' }, 'field "bucketSuffix" is "-x"'],
  [{ customerKeys: undefined }, 'field "customerKeys" is missing'],
  [{ colour: 'red' }, 'environment "dev", field "colour" is "red": Unrecognized key'],
  [{ name: 'local' }, 'field "name" is "local": belongs to the local cloud'],
  [{ name: 'Prod!' }, 'field "name" is "Prod!"'],
])('refuses %j and names environment, field and value', (bad, message) => {
  expect(() => parseEnvironments([{ ...DEV, ...bad }])).toThrow(message);
});

test('reports every bad value at once, also of an entry without a name', () => {
  const parse = () => parseEnvironments([{ ...DEV, region: 'mars' }, 7]);
  expect(parse).toThrow(/"region" is "mars"/);
  expect(parse).toThrow(/environment number 2/);
});

test('refuses two environments of one name', () => {
  expect(() => parseEnvironments([DEV, DEV])).toThrow('environment "dev", field "name" is used twice');
});

test('a suffix ends bucket names and nothing else changes', () => {
  expect(bucketName({ name: 'prod', bucketSuffix: '123456789012' }, 'events')).toBe('holdpoint-prod-events-123456789012');
  expect(bucketName({ name: 'prod' }, 'events')).toBe('holdpoint-prod-events');
});

test('bucket names of the longest allowed environment stay within the 63 characters S3 accepts', () => {
  const [longest] = parseEnvironments([{ ...DEV, name: 'e'.repeat(21), bucketSuffix: 's'.repeat(19) }]);
  expect(bucketName(longest ?? DEV, 'access-logs').length).toBeLessThanOrEqual(63);
});
