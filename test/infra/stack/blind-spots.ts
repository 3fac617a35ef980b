import { describe, expect, test } from 'vitest';
import { ENVIRONMENTS } from '../../../infra/environments.ts';
import { flat, list, ofType, type Resource, type Statement, synthesized, type Template } from '../synth.ts';

/** A rule that the packs do not have: what breaks it, by logical id. */
type Rule = (template: Template) => string[];

const ids = (found: [string, Resource][]): string[] => found.map(([id]) => id);

const openUrls: Rule = (template) =>
  ids(ofType(template, 'AWS::Lambda::Url').filter(([, { Properties }]) => Properties['AuthType'] !== 'AWS_IAM'));

type Replica = { PointInTimeRecoverySpecification?: { PointInTimeRecoveryEnabled?: boolean } };

const unrecoverableTables: Rule = (template) =>
  ids(
    ofType(template, 'AWS::DynamoDB::GlobalTable').filter(([, { Properties }]) =>
      (Properties['Replicas'] as Replica[]).some(
        (replica) => replica.PointInTimeRecoverySpecification?.PointInTimeRecoveryEnabled !== true,
      ),
    ),
  );

type Document = { Statement: Statement[] };

/** Every statement that allows something, in policies of their own and inside roles. */
const allowing = (template: Template): [string, Statement][] =>
  Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) => {
    if (!Type.startsWith('AWS::IAM::')) return [];
    const own = Properties['PolicyDocument'] as Document | undefined;
    const inner = (Properties['Policies'] as { PolicyDocument: Document }[] | undefined) ?? [];
    return [...(own ? [own] : []), ...inner.map(({ PolicyDocument }) => PolicyDocument)]
      .flatMap(({ Statement }) => Statement)
      .filter(({ Effect }) => Effect === 'Allow')
      .map((statement): [string, Statement] => [id, statement]);
  });

const QUALIFIED = JSON.stringify({ StringEquals: { 'states:StateMachineQualifier': 'live' } });

const startsBareMachine: Rule = (template) => [
  ...allowing(template)
    .filter(([, { Action }]) => list(Action).some((action) => /^(\*|states:(\*|Start(\*|Execution|SyncExecution)))$/.test(action)))
    .filter(([, { Condition }]) => JSON.stringify(Condition) !== QUALIFIED)
    .map(([id]) => id),
  ...Object.entries(template.Resources)
    .filter(([, { Type, Properties }]) => {
      const targets = /^AWS::(Events::Rule|Scheduler::Schedule|Pipes::Pipe)$/.test(Type) ? flat(JSON.stringify(Properties)) : '';
      return /stateMachine|JobMachineD/.test(targets) && !targets.includes(':live');
    })
    .map(([id]) => id),
];

const openFunctions: Rule = (template) =>
  ids(
    ofType(template, 'AWS::Lambda::Permission').filter(([, { Properties }]) => Properties['Principal'] === '*' || !Properties['SourceArn']),
  );

const looseFederation: Rule = (template) =>
  ids(
    ofType(template, 'AWS::IAM::Role').filter(([, { Properties }]) => {
      const { Statement } = Properties['AssumeRolePolicyDocument'] as Document;
      const federated = Statement.filter(({ Action }) => list(Action).includes('sts:AssumeRoleWithWebIdentity'));
      return federated.some(({ Condition = {} }) => {
        const equals = Condition['StringEquals'] ?? {};
        const claims = Object.keys(equals).map((key) => key.split(':').at(-1));
        return (
          !claims.includes('aud') || !claims.includes('sub') || Object.keys(Condition).length > 1 || JSON.stringify(Condition).includes('*')
        );
      });
    }),
  );

const RULES: Record<string, Rule> = {
  'a function has no URL that anybody may call': openUrls,
  'a global table recovers to a point in time in every region': unrecoverableTables,
  'nothing starts the machine but through its alias': startsBareMachine,
  'a function is invoked by one named source, never by everybody': openFunctions,
  'a federated role names audience and subject exactly': looseFederation,
};

const environments = [...ENVIRONMENTS.map(({ name }) => name), 'signed', 'live'];

describe.each(Object.entries(RULES))('%s', (_, rule) => {
  test.each(environments)('in %s', (name) => {
    const { state, service } = synthesized(name);
    expect([...rule(state), ...rule(service)]).toEqual([]);
  });
});

const allow = (action: string, condition: Statement['Condition']): Resource => ({
  Type: 'AWS::IAM::Policy',
  Properties: {
    PolicyDocument: { Statement: [{ Effect: 'Allow', Action: action, Resource: 'x', ...(condition ? { Condition: condition } : {}) }] },
  },
});
const federated = (condition: Record<string, Record<string, string>>): Resource => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: { Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRoleWithWebIdentity', Condition: condition }] },
  },
});

const BROKEN: [keyof typeof RULES, string, Resource][] = [
  [
    'a function has no URL that anybody may call',
    'a URL without authorization',
    { Type: 'AWS::Lambda::Url', Properties: { AuthType: 'NONE' } },
  ],
  [
    'a global table recovers to a point in time in every region',
    'a replica without recovery',
    { Type: 'AWS::DynamoDB::GlobalTable', Properties: { Replicas: [{ Region: 'us-east-1' }] } },
  ],
  ['nothing starts the machine but through its alias', 'a grant on the machine', allow('states:StartExecution', undefined)],
  ['nothing starts the machine but through its alias', 'a grant on everything', allow('states:*', undefined)],
  [
    'nothing starts the machine but through its alias',
    'another alias',
    allow('states:StartExecution', { StringEquals: { 'states:StateMachineQualifier': 'test' } }),
  ],
  [
    'nothing starts the machine but through its alias',
    'a schedule',
    { Type: 'AWS::Scheduler::Schedule', Properties: { Target: { Arn: 'arn:aws:states:us-east-1:1:stateMachine:x' } } },
  ],
  [
    'a function is invoked by one named source, never by everybody',
    'a permission for everybody',
    { Type: 'AWS::Lambda::Permission', Properties: { Principal: '*' } },
  ],
  [
    'a federated role names audience and subject exactly',
    'no audience',
    federated({ StringEquals: { 'token.actions.githubusercontent.com:sub': 'repo:a/b:environment:prod' } }),
  ],
  [
    'a federated role names audience and subject exactly',
    'any branch',
    federated({ StringEquals: { 'x:aud': 'sts.amazonaws.com' }, StringLike: { 'x:sub': 'repo:a/b:*' } }),
  ],
];

test.each(BROKEN)('%s: %s is found', (rule, _, resource) => {
  expect(RULES[rule]?.({ Resources: { Broken: resource } })).toEqual(['Broken']);
});

test('every rule has something that breaks it', () => {
  expect(new Set(BROKEN.map(([rule]) => rule))).toEqual(new Set(Object.keys(RULES)));
});
