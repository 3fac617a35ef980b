import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Context, holds, parseCondition } from '../../infra/local/iam/conditions.ts';
import { type Call, type Caller, decide } from '../../infra/local/iam/evaluate.ts';
import { matches, matchesArn } from '../../infra/local/iam/match.ts';
import { type Policies, readPolicy } from '../../infra/local/iam/policy.ts';
import { askOfDynamo } from '../../infra/local/iam/requests/dynamodb.ts';
import { askOfStates } from '../../infra/local/iam/requests/states.ts';
import { localPolicies } from '../../infra/local/iam/synthesize.ts';
import { extractDocuments, resolver, type Template } from '../../infra/local/iam/template.ts';
import type { AwsRequest } from '../../infra/local/wire.ts';

const letters = fc.array(fc.constantFrom('a', 'b', ':', '/', '.', '*', '?'), { maxLength: 12 }).map((all) => all.join(''));
const plain = letters.map((text) => text.replaceAll(/[*?]/g, 'a'));

/** The same rule in other words; slow where there are many `*`. */
const asExpression = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replaceAll(/[.:/]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');

describe('a wildcard', () => {
  it('matches what the same regular expression matches', () => {
    const same = fc.property(letters, plain, (pattern, text) => {
      expect(matches(pattern, text)).toBe(asExpression(pattern).test(text));
    });
    fc.assert(same, { numRuns: 3000 });
  });

  it('matches every text that it was made from', () => {
    const cut = fc.tuple(plain, fc.nat(12), fc.nat(12));
    fc.assert(
      fc.property(cut, ([text, from, length]) => {
        const [a, b] = [Math.min(from, text.length), Math.min(from + length, text.length)];
        expect(matches(`${text.slice(0, a)}*${text.slice(b)}`, text)).toBe(true);
        expect(matches(text.slice(0, a) + '?'.repeat(b - a) + text.slice(b), text)).toBe(true);
      }),
    );
  });

  it('is as fast as the text is long, whatever the pattern', () => {
    expect(matches(`${'*a'.repeat(50)}b`, 'a'.repeat(20_000))).toBe(false);
  });

  it('stays within its part where ARNs are compared', () => {
    expect(matchesArn('arn:aws:s3:*:logs', 'arn:aws:s3:::logs')).toBe(false);
    expect(matchesArn('arn:aws:s3:*:*:logs*', 'arn:aws:s3:::logs:more')).toBe(true);
  });
});

describe('a condition', () => {
  const PREFIX = 's3:prefix';
  const test = (operator: string, values: string[], context: Context) => holds(parseCondition(operator, PREFIX, values), context);
  const jobs = { [PREFIX]: ['jobs/a'] };
  const absent = {};

  it.each<[string, string[], Context, boolean]>([
    ['StringEquals', ['x', 'jobs/a'], jobs, true],
    ['StringEquals', ['JOBS/a'], jobs, false],
    ['StringEqualsIgnoreCase', ['JOBS/a'], jobs, true],
    ['StringLike', ['jobs/*'], jobs, true],
    ['StringLike', ['jobs/*'], absent, false],
    ['StringLikeIfExists', ['jobs/*'], absent, true],
    ['StringLikeIfExists', ['other/*'], jobs, false],
    ['StringNotEquals', ['jobs/a'], jobs, false],
    ['StringNotEquals', ['x', 'y'], jobs, true],
    ['StringNotLike', ['x*'], absent, true],
    ['Null', ['true'], absent, true],
    ['Null', ['true'], jobs, false],
    ['Null', ['false'], jobs, true],
    ['ForAllValues:StringEquals', ['a', 'b'], { [PREFIX]: ['a', 'b'] }, true],
    ['ForAllValues:StringEquals', ['a'], { [PREFIX]: ['a', 'b'] }, false],
    ['ForAllValues:StringEquals', ['a'], absent, true],
    ['ForAnyValue:StringEquals', ['a'], { [PREFIX]: ['a', 'b'] }, true],
    ['ForAnyValue:StringEquals', ['a'], absent, false],
    ['ForAnyValue:StringNotEquals', ['a'], { [PREFIX]: ['a', 'b'] }, true],
    ['ForAllValues:StringNotEquals', ['a'], { [PREFIX]: ['a', 'b'] }, false],
    ['NumericLessThan', ['1.2'], { [PREFIX]: ['1.3'] }, false],
    ['NumericLessThan', ['1.2'], { [PREFIX]: ['1.1'] }, true],
    ['NumericLessThan', ['1.2'], absent, false],
    ['Bool', ['true'], { [PREFIX]: ['True'] }, true],
    ['Bool', ['false'], absent, false],
  ])('%s %j on %j is %s', (operator, values, context, expected) => {
    expect(test(operator, values, context)).toBe(expected);
  });

  it.each(['StringMatches', 'NullIfExists', 'IpAddress', 'DateLessThan', 'ForSomeValues:StringEquals', 'stringequals'])(
    'by %s stops the start: it is not evaluated here',
    (operator) => {
      expect(() => parseCondition(operator, PREFIX, ['x'])).toThrow(`"${operator}" is not evaluated`);
    },
  );

  it('on a key whose value nobody here knows stops the start', () => {
    expect(() => parseCondition('StringEquals', 'aws:SourceVpce', ['x'])).toThrow('"aws:SourceVpce" is not evaluated');
  });
});

const RESOURCE = 'arn:aws:s3:::bucket/jobs/1';
const document = (...Statement: object[]) => [{ Version: '2012-10-17', Statement }];
const allow = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/jobs/*' };
const FUNCTION: Caller = { is: 'function', name: 'f' };
const call = (more: Partial<Call> = {}): Call => ({ action: 's3:GetObject', resource: RESOURCE, context: {}, ...more });
const policiesOf = (own: object[], bucket: object[] = []): Policies => ({
  functions: { f: readPolicy(document(...own)) },
  buckets: { bucket: readPolicy(document(...bucket)) },
});

describe('a call', () => {
  const everyone = { Effect: 'Deny', Principal: { AWS: '*' }, Action: 's3:*', Resource: '*' };

  it('is refused unless something allows it', () => {
    expect(decide(policiesOf([allow]), FUNCTION, call())).toMatchObject({ allowed: true });
    expect(decide(policiesOf([allow]), FUNCTION, call({ action: 's3:PutObject' })).allowed).toBe(false);
    expect(decide(policiesOf([allow]), FUNCTION, call({ resource: 'arn:aws:s3:::bucket/other' })).allowed).toBe(false);
    expect(decide(policiesOf([allow]), { is: 'function', name: 'g' }, call()).allowed).toBe(false);
    expect(decide(policiesOf([allow]), { is: 'anonymous' }, call()).allowed).toBe(false);
    expect(decide(policiesOf([]), FUNCTION, call()).allowed).toBe(false);
  });

  it('is refused by an explicit denial, whoever allows it', () => {
    expect(decide(policiesOf([allow, { ...allow, Effect: 'Deny', Sid: 'No' }]), FUNCTION, call())).toMatchObject({
      allowed: false,
      because: 'with an explicit deny in an identity-based policy (statement No)',
    });
    for (const caller of [FUNCTION, { is: 'administrator' } as const])
      expect(decide(policiesOf([allow], [everyone]), caller, call())).toMatchObject({
        allowed: false,
        because: expect.stringContaining('resource-based'),
      });
  });

  it('is allowed by the bucket alone, and to people by nothing but the lack of a denial', () => {
    expect(decide(policiesOf([], [{ ...everyone, Effect: 'Allow' }]), { is: 'anonymous' }, call()).allowed).toBe(true);
    expect(decide(policiesOf([]), { is: 'administrator' }, call()).allowed).toBe(true);
  });

  it('is compared without regard to case in its action, and with it in its resource', () => {
    expect(decide(policiesOf([{ ...allow, Action: 'S3:getobject' }]), FUNCTION, call()).allowed).toBe(true);
    expect(decide(policiesOf([allow]), FUNCTION, call({ resource: RESOURCE.replace('jobs', 'Jobs') })).allowed).toBe(false);
  });

  it('may be named by what it is not', () => {
    const all = { Effect: 'Allow', NotAction: 's3:Delete*', NotResource: 'arn:aws:s3:::bucket/secret/*' };
    expect(decide(policiesOf([all]), FUNCTION, call()).allowed).toBe(true);
    expect(decide(policiesOf([all]), FUNCTION, call({ action: 's3:DeleteObject' })).allowed).toBe(false);
    expect(decide(policiesOf([all]), FUNCTION, call({ resource: 'arn:aws:s3:::bucket/secret/x' })).allowed).toBe(false);
  });

  it('is never allowed by what it names when something denies it', () => {
    const names = fc.constantFrom('s3:GetObject', 's3:Get*', '*', 's3:PutObject');
    const statement = fc.record({ Effect: fc.constantFrom('Allow', 'Deny'), Action: names, Resource: fc.constantFrom('*', RESOURCE) });
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 6 }), (own) => {
        const applying = own.filter(({ Action }) => Action !== 's3:PutObject');
        const expected = applying.some(({ Effect }) => Effect === 'Allow') && !applying.some(({ Effect }) => Effect === 'Deny');
        expect(decide(policiesOf(own), FUNCTION, call()).allowed).toBe(expected);
      }),
    );
  });
});

/** A reference inside of a text, as policies and templates write it. */
const variable = (name: string): string => ['$', `{${name}}`].join('');

describe('a policy is refused at the start', () => {
  it.each([
    ['that has a policy variable', { ...allow, Resource: variable('aws:username') }, 'policy variable'],
    ['that names a principal', { ...allow, Principal: { AWS: 'arn:aws:iam::000000000000:role/x' } }, 'role/x'],
    ['that has an element nobody reads', { ...allow, NotPrincipal: '*' }, 'NotPrincipal'],
    ['that names its action twice', { ...allow, NotAction: 's3:*' }, 'either Action or NotAction'],
    ['that names no resource', { Effect: 'Allow', Action: 's3:*' }, 'either Resource or NotResource'],
  ])('%s', (_, statement, named) => {
    expect(() => readPolicy(document(statement))).toThrow(named);
  });

  it('of another version of the language', () => {
    expect(() => readPolicy([{ Version: '2008-10-17', Statement: [allow] }])).toThrow('2012-10-17');
  });
});

describe('a template', () => {
  const state: Template = {
    Resources: { Log: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'log' } }, Key: { Type: 'AWS::KMS::Key', Properties: {} } },
    Outputs: { O: { Value: { 'Fn::GetAtt': ['Log', 'Arn'] }, Export: { Name: 'shared' } } },
  };
  const resolve = resolver({ Resources: {}, Outputs: {} }, [state]);

  it('is resolved to what is on this machine', () => {
    const here = resolver(state, []);
    expect(here({ Ref: 'Log' })).toBe('log');
    expect(here({ 'Fn::Join': ['', [{ 'Fn::GetAtt': ['Log', 'Arn'] }, '/*']] })).toBe('arn:aws:s3:::log/*');
    expect(here({ 'Fn::Sub': `arn:${variable('AWS::Partition')}:s3:::${variable('Log')}/${variable('Log.Arn')}/${variable('!x')}` })).toBe(
      `arn:aws:s3:::log/arn:aws:s3:::log/${variable('x')}`,
    );
    expect(here([{ a: { Ref: 'AWS::AccountId' } }])).toEqual([{ a: '000000000000' }]);
    expect(here({ 'Fn::GetAtt': ['Key', 'Arn'] })).toBe('arn:aws:kms:us-east-1:000000000000:Key');
    expect(resolve({ 'Fn::ImportValue': 'shared' })).toBe('arn:aws:s3:::log');
  });

  it.each([
    [{ Ref: 'Nothing' }, '"Nothing"'],
    [{ 'Fn::If': ['C', 'a', 'b'] }, 'Fn::If'],
    [{ 'Fn::ImportValue': 'elsewhere' }, '"elsewhere"'],
  ])('with %j is refused', (value, named) => {
    expect(() => resolve(value)).toThrow(named);
  });

  it('whose bucket has no name, or whose role takes policies from elsewhere, is refused', () => {
    const unnamed: Template = { Resources: { B: { Type: 'AWS::S3::Bucket', Properties: {} } }, Outputs: {} };
    expect(() => resolver(unnamed, [])({ Ref: 'B' })).toThrow('"B" has no ARN here');
    const managed: Template = {
      Resources: {
        F: { Type: 'AWS::Lambda::Function', Properties: { FunctionName: 'p-f', Role: { 'Fn::GetAtt': ['R', 'Arn'] } } },
        R: { Type: 'AWS::IAM::Role', Properties: { ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] } },
      },
      Outputs: {},
    };
    expect(() => extractDocuments(state, managed, 'p-')).toThrow('policies that AWS manages are not in the template');
  });

  it('of this environment allows nothing on every resource but where AWS has none to name', async () => {
    const { functions, buckets } = await localPolicies();
    const bare = Object.values(functions)
      .flat()
      .filter(({ effect, resources }) => effect === 'Allow' && (resources.not || resources.patterns.includes('*')));
    expect(bare.flatMap(({ actions }) => actions.patterns).filter((action) => !/^(xray|sns):/.test(action))).toEqual([]);
    const events = buckets['holdpoint-local-events'] ?? [];
    expect(events.filter(({ effect }) => effect === 'Deny').map(({ id }) => id)).toEqual(
      expect.arrayContaining(['CreateOnly', 'KeepForever']),
    );
  });
});

const request = (target: string, body: unknown): AwsRequest => ({
  ...{ method: 'POST', path: '/', query: new URLSearchParams(), headers: { 'x-amz-target': target } },
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});

describe('a request asks for', () => {
  const TABLE = 'arn:aws:dynamodb:us-east-1:000000000000:table/t';
  const ofDynamo = (name: string, body: unknown) =>
    askOfDynamo(request(`DynamoDB_20120810.${name}`, body))?.map(({ action, resource, context }) => [
      action,
      resource,
      context['dynamodb:leadingkeys']?.[0],
    ]);

  it('an item or a partition of a table, or an index of it', () => {
    expect(ofDynamo('GetItem', { TableName: 't', Key: { pk: { S: 'A' } } })).toEqual([['dynamodb:GetItem', TABLE, 'A']]);
    expect(ofDynamo('PutItem', { TableName: TABLE, Item: { pk: { S: 'B' } } })).toEqual([['dynamodb:PutItem', TABLE, 'B']]);
    const query = {
      TableName: 't',
      KeyConditionExpression: 'begins_with(sk, :s) AND #p = :p',
      ExpressionAttributeNames: { '#p': 'pk' },
      ExpressionAttributeValues: { ':p': { S: 'C' }, ':s': { S: 'x' } },
    };
    expect(ofDynamo('Query', query)).toEqual([['dynamodb:Query', TABLE, 'C']]);
    expect(ofDynamo('Query', { TableName: 't', IndexName: 'due' })).toEqual([['dynamodb:Query', `${TABLE}/index/due`, undefined]]);
    expect(ofDynamo('BatchGetItem', { RequestItems: { t: {}, u: {} } })).toHaveLength(2);
  });

  it('nothing known where the operation is not, or the body is none', () => {
    expect(ofDynamo('ExecuteStatement', { Statement: 'x' })).toBeUndefined();
    expect(ofDynamo('GetItem', '{')).toBeUndefined();
    expect(askOfStates(request('AWSStepFunctions.CreateStateMachine', {}))).toBeNull();
    expect(askOfStates(request('AWSStepFunctions.StopExecution', {}))).toBeNull();
  });

  it('a machine with the qualifier beside it', () => {
    const machine = 'arn:aws:states:us-east-1:000000000000:stateMachine:m';
    expect(askOfStates(request('AWSStepFunctions.StartExecution', { stateMachineArn: `${machine}:live` }))).toMatchObject([
      { action: 'states:StartExecution', resource: machine, context: { 'states:statemachinequalifier': ['live'] } },
    ]);
  });
});
