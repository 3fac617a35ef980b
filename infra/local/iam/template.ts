import * as z from 'zod';
import { ACCOUNT, keyArn, REGION, secretArn } from '../settings.ts';

const Resource = z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) });
const Output = z.object({ Value: z.unknown(), Export: z.object({ Name: z.string() }).optional() });
/** What is read of a synthesized CloudFormation template. */
export const Template = z.object({ Resources: z.record(z.string(), Resource), Outputs: z.record(z.string(), Output).default({}) });
export type Template = z.infer<typeof Template>;
type Resource = z.infer<typeof Resource>;

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::AccountId': ACCOUNT,
  'AWS::Partition': 'aws',
  'AWS::Region': REGION,
  'AWS::URLSuffix': 'amazonaws.com',
};

/** ARNs by resource type, of what policies here decide about: their names are part of the template. */
const NAMED: Readonly<Record<string, { name: string; arn: (name: string) => string; ref?: 'arn' }>> = {
  'AWS::S3::Bucket': { name: 'BucketName', arn: (name) => `arn:aws:s3:::${name}` },
  'AWS::DynamoDB::Table': { name: 'TableName', arn: (name) => `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name}` },
  'AWS::StepFunctions::StateMachine': {
    name: 'StateMachineName',
    arn: (name) => `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${name}`,
  },
  'AWS::SecretsManager::Secret': { name: 'Name', arn: secretArn, ref: 'arn' },
};

const HERE = /^AWS::(S3|DynamoDB|StepFunctions|SecretsManager)::/;

const AliasOf = z.object({ AliasName: z.string(), TargetKeyId: z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }) });

/** A key has no name in the template; its alias stands in for the id that KMS would give it. */
const keyName = (template: Template, id: string): string | null => {
  for (const { Type, Properties } of Object.values(template.Resources)) {
    const alias = Type === 'AWS::KMS::Alias' ? AliasOf.safeParse(Properties).data : undefined;
    if (alias?.TargetKeyId['Fn::GetAtt'][0] === id) return alias.AliasName.replace(/^alias\//, '');
  }
  return null;
};

type Known = { id: string; type: string; name: string; arn: string };

const known = (template: Template, id: string): Known => {
  const resource = template.Resources[id];
  if (!resource) throw new Error(`the template refers to "${id}", which it does not have`);
  const { Type: type, Properties } = resource;
  const naming = NAMED[type];
  const name = naming && Properties[naming.name];
  if (naming && typeof name === 'string') return { id, type, name: naming.ref === 'arn' ? naming.arn(name) : name, arn: naming.arn(name) };
  const key = type === 'AWS::KMS::Key' ? keyName(template, id) : null;
  if (key !== null) return { id, type, name: key, arn: keyArn(key) };
  if (HERE.test(type)) throw new Error(`${type} "${id}" has no ARN here; name it, or add its type to infra/local/iam/template.ts`);
  // Of services this cloud does not have: no request is ever compared with it.
  const arn = `arn:aws:${type.split('::')[1]?.toLowerCase()}:${REGION}:${ACCOUNT}:${id}`;
  return { id, type, name: arn, arn };
};

const Intrinsic = z.union([
  z.strictObject({ Ref: z.string() }),
  z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }),
  z.strictObject({ 'Fn::Join': z.tuple([z.string(), z.array(z.unknown())]) }),
  z.strictObject({ 'Fn::Sub': z.union([z.string(), z.tuple([z.string(), z.record(z.string(), z.unknown())])]) }),
  z.strictObject({ 'Fn::ImportValue': z.unknown() }),
]);
type Intrinsic = z.infer<typeof Intrinsic>;

const isIntrinsic = (names: string[]): boolean => names.length === 1 && (names[0] === 'Ref' || Boolean(names[0]?.startsWith('Fn::')));

/** Resolves references of a template to what they are on this machine. `others` are templates whose exports it imports. */
export const resolver = (template: Template, others: readonly Template[]): ((value: unknown) => unknown) => {
  const ref = (id: string): string => PSEUDO[id] ?? known(template, id).name;
  const attribute = (id: string, name: string): string => {
    const found = known(template, id);
    if (HERE.test(found.type) && name !== 'Arn') throw new Error(`attribute ${name} of "${id}" is not known here`);
    return found.arn;
  };
  const imported = (name: string): unknown => {
    for (const other of others) {
      const output = Object.values(other.Outputs).find(({ Export }) => Export?.Name === name);
      if (output) return resolver(other, [])(output.Value);
    }
    throw new Error(`no template exports "${name}"`);
  };
  const substituted = (text: string, values: Record<string, unknown>): string =>
    text.replaceAll(/\$\{(!?)([\w.:]+)\}/g, (_, literal: string, name: string) => {
      if (literal) return `$\{${name}}`;
      if (Object.hasOwn(values, name)) return String(resolve(values[name]));
      const [id = '', ...rest] = name.split('.');
      return rest.length > 0 ? attribute(id, rest.join('.')) : ref(id);
    });
  const computed = (intrinsic: Intrinsic): unknown => {
    if ('Ref' in intrinsic) return ref(intrinsic.Ref);
    if ('Fn::GetAtt' in intrinsic) return attribute(...intrinsic['Fn::GetAtt']);
    if ('Fn::Join' in intrinsic) return intrinsic['Fn::Join'][1].map((part) => String(resolve(part))).join(intrinsic['Fn::Join'][0]);
    if ('Fn::ImportValue' in intrinsic) return imported(String(resolve(intrinsic['Fn::ImportValue'])));
    const sub = intrinsic['Fn::Sub'];
    return typeof sub === 'string' ? substituted(sub, {}) : substituted(...sub);
  };
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    if (!isIntrinsic(Object.keys(value))) return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resolve(inner)]));
    const intrinsic = Intrinsic.safeParse(value);
    if (!intrinsic.success)
      throw new Error(`${JSON.stringify(value).slice(0, 200)} cannot be resolved here; see infra/local/iam/template.ts`);
    return computed(intrinsic.data);
  };
  return resolve;
};

const ofType = (template: Template, type: string): [string, Resource][] =>
  Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);

/** Policy documents with every reference resolved. */
export type Documents = { functions: Record<string, unknown[]>; buckets: Record<string, unknown[]> };

const RoleRef = z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) });
const PolicyProperties = z.object({ PolicyDocument: z.unknown(), Roles: z.array(z.object({ Ref: z.string() })) });
const RoleProperties = z.object({
  Policies: z.array(z.object({ PolicyDocument: z.unknown() })).default([]),
  ManagedPolicyArns: z.array(z.never('policies that AWS manages are not in the template')).default([]),
  PermissionsBoundary: z.never('boundaries are not evaluated here').optional(),
});

/** Everything that grants a role something. */
const documentsOf = (template: Template, role: string): unknown[] => {
  const inline = RoleProperties.safeParse(template.Resources[role]?.Properties);
  if (!inline.success) throw new Error(`role "${role}" cannot be enforced here: ${z.prettifyError(inline.error)}`);
  const attached = ofType(template, 'AWS::IAM::Policy')
    .map(([, { Properties }]) => PolicyProperties.parse(Properties))
    .filter(({ Roles }) => Roles.some(({ Ref }) => Ref === role));
  return [...inline.data.Policies, ...attached].map(({ PolicyDocument }) => PolicyDocument);
};

/** Policies of the functions in `service`, by name without `prefix`, and of the buckets in `state`. */
export const extractDocuments = (state: Template, service: Template, prefix: string): Documents => {
  const inService = resolver(service, [state]);
  const inState = resolver(state, []);
  const functions = ofType(service, 'AWS::Lambda::Function').map(([, { Properties }]) => {
    const role = RoleRef.parse(Properties['Role'])['Fn::GetAtt'][0];
    return [String(Properties['FunctionName']).slice(prefix.length), documentsOf(service, role).map(inService)] as const;
  });
  const buckets = ofType(state, 'AWS::S3::BucketPolicy').map(
    ([, { Properties }]) => [String(inState(Properties['Bucket'])), [Properties['PolicyDocument']].map(inState)] as const,
  );
  return { functions: Object.fromEntries(functions), buckets: Object.fromEntries(buckets) };
};
