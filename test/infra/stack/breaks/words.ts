// What breaks each rule about the templates: environment, resource (stack, type, start of its id or one of its values; only the stack for the
// template), path to what is set, and to what. A step `Sid=x` is the member that has it, `*:x` the one whose name ends so, `+` one more.
/** So much goes wrong that other rules notice, too. */
export const ANY = Symbol('other rules notice, too');
export const GONE = undefined;

/** Titles of rules that notice as well, or their beginnings. */
export type Others = readonly string[] | typeof ANY;
export type Break = readonly [env: string, resource: string, path: string, value: unknown, others?: Others];

export const STATEMENTS = 'Properties.PolicyDocument.Statement';
export const TRUST = 'Properties.AssumeRolePolicyDocument.Statement';

/** A function is granted more. */
export const may = (fn: string, Action: string | string[], Resource: unknown, others?: Others, more: object = {}): Break => [
  'dev',
  `service IAM::Policy ${fn}RoleDefaultPolicy`,
  `${STATEMENTS}.+`,
  { Effect: 'Allow', Action, Resource, ...more },
  others ?? [],
];
/** A grant of a function becomes another. */
export const grant = (fn: string, sid: string, path: string, value: unknown, others?: Others): Break => [
  'dev',
  `service IAM::Policy ${fn}RoleDefaultPolicy`,
  `${STATEMENTS}.Sid=${sid}${path}`,
  value,
  others ?? [],
];
export const alarm = (id: string, path: string, value: unknown, others?: Others, env = 'dev'): Break => [
  env,
  `service CloudWatch::Alarm holdpoint-${env}-${id}`,
  `Properties.${path}`,
  value,
  others ?? [],
];
export const fn = (name: string, path: string, value: unknown, others?: Others): Break => [
  'dev',
  `service Lambda::Function holdpoint-dev-${name}`,
  `Properties.${path}`,
  value,
  others ?? [],
];
export const bucket = (name: string, path: string, value: unknown, others?: Others): Break => [
  'dev',
  `state S3::Bucket holdpoint-dev-${name}`,
  `Properties.${path}`,
  value,
  others ?? [],
];
export const table = (path: string, value: unknown, others?: Others): Break => [
  'dev',
  'state DynamoDB::Table Jobs',
  `Properties.${path}`,
  value,
  others ?? [],
];
export const events = (sid: string, path: string, value: unknown, others?: Others): Break => [
  'dev',
  'state S3::BucketPolicy EventsPolicy',
  `${STATEMENTS}.Sid=${sid}${path}`,
  value,
  others ?? [],
];

export const EVENTS = 'arn:aws:s3:::holdpoint-dev-events';

export const openRoute = (RouteKey: string) => ({
  Type: 'AWS::ApiGatewayV2::Route',
  Properties: { RouteKey, AuthorizationType: 'NONE' },
});
export const ofFunction = (id: string) => ({ 'Fn::Join': ['', [{ 'Fn::GetAtt': [id, 'Arn'] }, ':*']] });
export const KEPT = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };

export type Breaks = Record<string, readonly Break[]>;
