import { expect, test } from 'vitest';
import { readEnv } from '../../adapters/env.ts';
import { PRODUCTION_CHAIN, readLlmConfig } from '../../adapters/model/live-config.ts';
import { DEFAULT_POLICY } from '../../contracts/approval-policy.ts';
import { chainVariables } from '../../infra/environment/llm.ts';
import { variableBytes, variablesOf } from '../../infra/environment/variables.ts';
import { ENVIRONMENTS, parseEnvironments } from '../../infra/environments.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import { bucketName } from '../../infra/names.ts';
import { environment, LIVE_ENVIRONMENT } from './synth.ts';

const DEV = environment('dev');
const MOCK = { kind: 'mock' };
const CLAUDE = { kind: 'anthropic', model: 'claude-sonnet-5' };

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
  [
    { llm: { mode: 'live', providers: [{ kind: 'openai', model: 'm' }] } },
    'field "llm.providers.0.kind" is "openai": must be one of mock, anthropic',
  ],
  [{ llm: { mode: 'fast', providers: [MOCK] } }, 'field "llm.mode" is "fast"'],
  [{ llm: { mode: 'replay', providers: [] } }, 'field "llm.providers" is []'],
  [{ llm: { mode: 'replay', providers: [{ kind: 'anthropic' }] } }, 'field "llm.providers.0.model" is missing'],
  [
    { llm: { mode: 'replay', providers: [{ ...CLAUDE, baseUrl: 'http://x.example' }] } },
    'field "llm.providers.0.baseUrl" is "http://x.example": must be an https URL',
  ],
  [{ llm: { mode: 'replay', providers: [{ ...CLAUDE, keyName: 'sk-live' }] } }, 'field "llm.providers.0.keyName" is "sk-live"'],
  [{ llm: { mode: 'replay', providers: [{ kind: 'openai-compatible', model: 'm' }] } }, 'must be the URL of the provider, such as'],
  [{ llm: { mode: 'live', providers: [CLAUDE] } }, 'field "llm.keysSecretArn" is missing: mode live calls providers that want a key'],
  [
    { llm: { mode: 'live', providers: [CLAUDE], keysSecretArn: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:keys' } },
    'with its last six characters',
  ],
  [{ llm: { mode: 'replay', providers: [MOCK], budget: { calls: -1, tokens: 1, usd: 1 } } }, 'field "llm.budget.calls" is -1'],
  [{ approvals: { default: { quorum: 0 } } }, 'field "approvals.default.quorum" is 0'],
  [
    { approvals: { ...DEFAULT_POLICY, recipients: [{ approver: null, channel: 'slack', address: 'default' }] } },
    'the address of slack/default comes from a secret',
  ],
  [
    { allowLinkApproval: false, approvals: { default: { ...DEFAULT_POLICY.default, proven_by: ['link'] } } },
    'field "approvals.default.proven_by" is ["link"]: nobody can decide with this: "allowLinkApproval" is false; add "oidc"',
  ],
  [
    {
      oidc: { issuer: 'https://login.example', audience: ['a'] },
      approvals: { ...DEFAULT_POLICY, steps: { runspec: { proven_by: ['link', 'local'] } } },
    },
    'field "approvals.steps.runspec.proven_by" is ["link","local"]: nobody can decide with this: "oidc.signIn" is required',
  ],
  [{ domain: { name: 'https://x.example', certificateArn: 'a' } }, 'field "domain.name" is "https://x.example": must be a host name'],
  [{ runner: { timeoutMinutes: 31 } }, 'field "runner.timeoutMinutes" is 31'],
  [{ runner: { repository: 'a/b/c' } }, 'field "runner.repository" is "a/b/c": must be "name" or "owner/name"'],
  [{ runner: { source: 'github' } }, 'field "runner.source" is "github"'],
  [{ alarms: { appendConflicts: 0 } }, 'field "alarms.appendConflicts" is 0'],
  [{ alarms: { durationShare: 2 } }, 'field "alarms.durationShare" is 2'],
  [{ monthlyUsd: 0 }, 'field "monthlyUsd" is 0'],
  [{ operators: {} }, 'field "operators" is {}: must name people or groups'],
  [{ operators: { people: ['a,b'] } }, 'field "operators.people.0" is "a,b": must be a name without commas'],
  [{ deployment: 'yolo' }, 'field "deployment" is "yolo"'],
  [
    { ci: { github: { organization: 'acme', organizationId: 'x', repository: 'jobs', repositoryId: 1 } } },
    'field "ci.github.organizationId" is "x": must be the numeric id',
  ],
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
  [{ tier: 'production' }, 'field "tier" is "production"'],
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

test('production has the shipped chain, and still asks nobody until its mode says so', () => {
  const { llm } = environment('prod');
  expect(chainVariables(llm.providers)).toEqual(PRODUCTION_CHAIN);
  expect(llm.mode).toBe('replay');
});

test.each(['skipped', 'off'])('CI checks that are %s in production fail the synthesis', (checks) => {
  const parse = () => parseEnvironments([{ ...environment('prod'), ci: { checks } }]);
  expect(parse).toThrow(`environment "prod", field "ci.checks" is "${checks}"`);
});

test('the rules of production go by its tier, not its name', () => {
  const parse = (changes: object) => () => parseEnvironments([{ ...environment('prod'), name: 'main', ...changes }]);
  expect(parse({ ci: { checks: 'skipped' } })).toThrow('CI checks are never skipped in production');
  expect(parse({ deletionProtection: false })).toThrow('field "deletionProtection" is false: must be true in production');
  expect(parse({ objectLock: { mode: 'none' } })).toThrow('field "objectLock.mode" is "none"');
  expect(parse({ operators: undefined })).toThrow('environment "main", field "operators" is missing: production says who may cancel');
  expect(parseEnvironments([{ ...DEV, ci: { checks: 'skipped' } }])).toHaveLength(1);
});

const KNOWN = {
  ...{
    machineAlias: 'arn:aws:states:::x',
    rolloutAlias: 'arn:aws:states:::x',
    contextSecret: 'arn:aws:secretsmanager:::x',
    digestKey: 'arn:aws:kms:::x',
  },
  ...{ approvalsTopic: 'arn:aws:sns:us-east-1:123456789012:x', origin: 'https://x.example' },
};

test('who runs production, and that a link alone decides nothing there, reaches the web function and no other', () => {
  const settings = { ...environment('prod'), operators: { people: ['olga@example.com', 'Ö. Åse'], groups: ['ops', 'root'] } };
  const { HOLDPOINT_OPERATORS, HOLDPOINT_OPERATOR_GROUPS, HOLDPOINT_LINK_APPROVAL } = readEnv(variablesOf('web', settings, KNOWN));
  expect([HOLDPOINT_OPERATORS, HOLDPOINT_OPERATOR_GROUPS, HOLDPOINT_LINK_APPROVAL]).toEqual([
    ['olga@example.com', 'Ö. Åse'],
    ['ops', 'root'],
    'off',
  ]);
  for (const { name } of FUNCTIONS.filter((one) => one.name !== 'web')) {
    expect(Object.keys(variablesOf(name, settings, KNOWN)).filter((variable) => /OPERATOR|LINK_APPROVAL/.test(variable))).toEqual([]);
  }
});

test('an approval policy that Lambda could not carry fails the synthesis and says by how much', () => {
  const approvers = Array.from({ length: 20 }, (_, i) => `somebody-with-quite-a-long-name-${i}@department.example.com`);
  const steps = Object.fromEntries(['blueprint', 'runspec', 'agent_output_invalid'].map((step) => [step, { approvers }]));
  const parse = () => parseEnvironments([{ ...DEV, approvals: { ...DEFAULT_POLICY, steps } }]);
  expect(parse).toThrow(/environment "dev", field "approvals" is .*the function checkpoint come to \d{4} bytes.*Lambda takes 4096/);
});

test('every function of every shipped environment starts with its variables, within what Lambda carries', () => {
  for (const settings of ENVIRONMENTS) {
    for (const { name } of FUNCTIONS) {
      expect(readEnv(variablesOf(name, settings, KNOWN)).HOLDPOINT_ENV).toBe(settings.name);
      expect(variableBytes(name, settings)).toBeLessThanOrEqual(4096);
    }
  }
});

test('an approver is shown the very chain that agents call, by a function that may call nobody', () => {
  const plan = readLlmConfig(variablesOf('checkpoint', LIVE_ENVIRONMENT, KNOWN));
  const calls = readLlmConfig(variablesOf('intent', LIVE_ENVIRONMENT, KNOWN));
  expect([plan.mode, plan.chain, plan.budget]).toEqual([calls.mode, calls.chain, calls.budget]);
  expect([plan.network, calls.network]).toEqual(['disabled', 'allowed']);
  expect(plan.chain.map(({ name }) => name)).toEqual(['glm', 'anthropic', 'openai', 'bedrock']);
});
