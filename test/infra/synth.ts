import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { App } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';
import { buildApp } from '../../infra/aws/build.ts';
import type { Sources } from '../../infra/aws/service-stack.ts';
import { ENVIRONMENTS, type Environment, parseEnvironments } from '../../infra/environments.ts';

export type Properties = Record<string, unknown>;
export type Resource = { Type: string; Properties: Properties; DeletionPolicy?: string; UpdateReplacePolicy?: string };
export type Template = { Resources: Record<string, Resource> };
export type Statement = {
  Sid?: string;
  Effect: string;
  Action: string | string[];
  Resource: unknown;
  Condition?: Record<string, Record<string, unknown>>;
  Principal?: unknown;
};
export type Synthesized = {
  state: Template;
  service: Template;
  /** JSON of the file assets, by S3 key. */
  assets: ReadonlyMap<string, unknown>;
};

/** An app whose functions are all one stub: templates without a bundler. `folder` is the caller's to remove. */
export const stubApp = (environments: readonly Environment[], sources: Partial<Sources> = {}): { app: App; folder: string } => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holdpoint-synth-'));
  const stub = path.join(folder, 'stub');
  mkdirSync(stub);
  writeFileSync(path.join(stub, 'index.mjs'), 'export const handler = async () => null;');
  return {
    app: buildApp({ environments, code: () => Code.fromAsset(stub), tree: stub, outdir: path.join(folder, 'out'), ...sources }),
    folder,
  };
};

const jsonAssets = (folder: string): Map<string, unknown> => {
  const files = readdirSync(folder).flatMap((file) => /^asset\.(.+\.json)$/.exec(file)?.[1] ?? []);
  return new Map(files.map((key) => [key, JSON.parse(readFileSync(path.join(folder, `asset.${key}`), 'utf8'))]));
};

export const environment = (name: string): Environment => {
  const found = ENVIRONMENTS.find((e) => e.name === name);
  if (!found) throw new Error(`infra/environments.ts has no ${name}`);
  return found;
};

export const ISSUER = 'https://id.example.com/pool';
export const CLIENT_SECRET = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:holdpoint-signed-client-AbCdEf';
const [SIGNED_IN] = parseEnvironments([
  {
    ...environment('prod'),
    name: 'signed',
    oidc: {
      issuer: ISSUER,
      audience: ['holdpoint'],
      cliClientId: 'holdpoint-cli',
      clientSecretArn: CLIENT_SECRET,
      groups: ['approvers', 'operators'],
    },
  },
]);
if (!SIGNED_IN) throw new Error('the environment "signed" was not parsed');
export const SIGNED: Environment = SIGNED_IN;
export const KEYS_SECRET = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:holdpoint-live-keys-AbCdEf';
export const ADDRESSES_SECRET = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:holdpoint-live-addresses-AbCdEf';
const [LIVE_CALLS] = parseEnvironments([
  {
    ...environment('prod'),
    name: 'live',
    llm: {
      ...environment('prod').llm,
      mode: 'live',
      providers: [...environment('prod').llm.providers, { kind: 'bedrock', model: 'us.anthropic.claude-sonnet-5-v1:0' }],
      keysSecretArn: KEYS_SECRET,
    },
    domain: {
      name: 'holdpoint.example.com',
      certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000',
    },
    notifications: { secretArn: ADDRESSES_SECRET },
    ci: { github: { organization: 'acme', organizationId: 4711, repository: 'jobs', repositoryId: 815, deploys: true } },
  },
]);
if (!LIVE_CALLS) throw new Error('the environment "live" was not parsed');
export const LIVE_ENVIRONMENT: Environment = LIVE_CALLS;
const RECORDING: Environment = { ...environment('dev'), name: 'recording', llm: { ...environment('dev').llm, mode: 'record' } };
const SUFFIXED: Environment = { ...environment('dev'), name: 'suffixed', bucketSuffix: '123456789012' };

/** With a build project that runs checks: with keys of AWS, and with keys of the account. */
export const RUNNER_ENVIRONMENTS: readonly Environment[] = parseEnvironments(
  ['dev', 'prod'].map((name) => ({ ...environment(name), name: `checked-${name}`, runner: {} })),
);

const synthesize = (environments: readonly Environment[]): ReadonlyMap<string, Synthesized> => {
  const { app, folder } = stubApp(environments);
  try {
    const assembly = app.synth();
    const assets = jsonAssets(assembly.directory);
    return new Map(
      environments.map(({ name }) => {
        const template = (stack: string): Template => assembly.getStackByName(`holdpoint-${name}-${stack}`).template;
        return [name, { state: template('state'), service: template('service'), assets }];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
};

let done: ReadonlyMap<string, Synthesized> | undefined;
let breaking: ReadonlyMap<string, Synthesized> | undefined;

/** The shipped environments and those that use what they do not: `signed`, `live`, `recording`, `suffixed`, `checked-dev`, `checked-prod`. Synthesized once per test file. */
export const synthesized = (name: string): Synthesized => {
  const broken = breaking?.get(name);
  if (broken) return broken;
  done ??= synthesize([...ENVIRONMENTS, SIGNED, LIVE_ENVIRONMENT, RECORDING, SUFFIXED, ...RUNNER_ENVIRONMENTS]);
  const found = done.get(name);
  if (!found) throw new Error(`environment ${name} was not synthesized`);
  return found;
};

/** Runs `check` while what is synthesized for the environment is what `change` makes of it. */
export const withBroken = async <T>(name: string, change: (synthesized: Synthesized) => void, check: () => Promise<T>): Promise<T> => {
  const broken = structuredClone(synthesized(name));
  change(broken);
  breaking = new Map([[name, broken]]);
  try {
    return await check();
  } finally {
    breaking = undefined;
  }
};

/** Resources of one type with their logical ids. */
export const ofType = (template: Template, type: string): [string, Resource][] =>
  Object.entries(template.Resources).filter(([, { Type }]) => Type === type);

/** The one resource of a type. */
export const only = (template: Template, type: string): Resource => {
  const found = ofType(template, type);
  const [first] = found;
  if (!first || found.length > 1) throw new Error(`${found.length} resources of type ${type}, expected one`);
  return first[1];
};

export const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** A CloudFormation value as text: `<Id.Arn>` for attributes, `<AWS::AccountId>` for references. */
export const flat = (value: unknown): string => flattenCfnReference(value);

/** Statements of an identity or resource policy. */
export const statements = ({ Properties }: Resource): Statement[] => {
  const document = Properties['PolicyDocument'] as { Statement: Statement[] };
  return document.Statement;
};

/** Logical id of the role that each function has, by function name without the prefix. */
export const rolesOfFunctions = (template: Template): Map<string, string> =>
  new Map(
    ofType(template, 'AWS::Lambda::Function').map(([, { Properties }]) => [
      String(Properties['FunctionName']).replace(/^holdpoint-(checked-)?[a-z]+-/, ''),
      flat(Properties['Role']).replace(/^<(.+)\.Arn>$/, '$1'),
    ]),
  );

/** Everything one role may do. */
export const statementsOfRole = (template: Template, role: string): Statement[] =>
  ofType(template, 'AWS::IAM::Policy')
    .filter(([, { Properties }]) => JSON.stringify(Properties['Roles']).includes(`"Ref":"${role}"`))
    .flatMap(([, policy]) => statements(policy));
