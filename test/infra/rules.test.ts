import { rmSync } from 'node:fs';
import { Stack, Validations } from 'aws-cdk-lib';
import { CfnTable } from 'aws-cdk-lib/aws-dynamodb';
import { AwsSolutionsChecks, type NagPack, ServerlessChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { afterAll, expect, test } from 'vitest';
import { ENVIRONMENTS } from '../../infra/environments.ts';
import { environment, RUNNER_ENVIRONMENTS, stubApp } from './synth.ts';

const { app, folder } = stubApp([...ENVIRONMENTS, ...RUNNER_ENVIRONMENTS]);
afterAll(() => rmSync(folder, { recursive: true }));

type Acknowledged = { construct: string; id: string; reason: string };
type Finding = { construct: string; id: string };

const acknowledged = (root: IConstruct): Acknowledged[] =>
  root.node.findAll().flatMap((construct) =>
    construct.node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) =>
        Object.entries<string>(data).map(([id, reason]) => ({
          construct: construct.node.path,
          id: id.replace(/^annotation::/i, ''),
          reason,
        })),
      ),
  );

const findings = (...packs: NagPack[]): Finding[] =>
  packs
    .flatMap((pack) => pack.validateScope(app).violations)
    .flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => ({ construct: constructPath ?? '', id: ruleName })),
    );

/** A pack that reports acknowledged findings too. */
const unheeding = <P extends NagPack>(pack: P): P => Object.defineProperty(pack, 'isAcknowledged', { value: () => false });

const accepted = acknowledged(app);
const of = (env: string): Acknowledged[] =>
  accepted
    .filter(({ construct }) => construct.startsWith(`holdpoint-${env}-`))
    .map((a) => JSON.parse(JSON.stringify(a).replaceAll(`holdpoint-${env}`, 'holdpoint-ENV')));
const lines = (entries: Acknowledged[]): string[] => entries.map(({ construct, id, reason }) => `${construct} | ${id} | ${reason}`).sort();

test('no rule of AwsSolutions or Serverless has an unacknowledged finding in any environment', () => {
  expect(findings(new AwsSolutionsChecks(app), new ServerlessChecks(app))).toEqual([]);
});

test('every acknowledgement of production is one that was agreed', () => {
  expect(lines(of('prod'))).toMatchSnapshot();
});

test.each(['dev', 'staging'])('%s acknowledges what production does, and its open approval links', (env) => {
  const more = lines(of(env)).filter((line) => !lines(of('prod')).includes(line));
  expect(more.map((line) => line.split(' | ').slice(0, 2))).toEqual(
    ['GET', 'HEAD', 'POST'].map((method) => [`holdpoint-ENV-service/HttpApi/Api/${method}--a--{capability}`, 'AwsSolutions-APIG4']),
  );
});

test.each(['dev', 'prod'])('a build project in %s adds what is agreed for it, and nothing else', (env) => {
  const more = lines(of(`checked-${env}`)).filter((line) => !lines(of(env)).includes(line));
  expect(more.map((line) => line.split(' | ').slice(0, 2))).toEqual([
    ...(env === 'dev' ? [['holdpoint-ENV-service/RunnerProject/Project', 'AwsSolutions-CB4']] : []),
    [
      'holdpoint-ENV-service/RunnerProject/Role',
      'AwsSolutions-IAM5[Resource::arn:aws:s3:::holdpoint-ENV-artifacts/jobs/*/outputs/runner/*]',
    ],
  ]);
});

test('an acknowledgement is about one construct, not an app or stack, and gives a reason', () => {
  for (const { construct, reason } of accepted) {
    expect(construct.split('/').length, construct).toBeGreaterThan(1);
    expect(reason.length, construct).toBeGreaterThan(30);
  }
});

test('no acknowledgement is left over: each answers a finding on its construct', () => {
  const all = findings(unheeding(new AwsSolutionsChecks(app)), unheeding(new ServerlessChecks(app)));
  const stale = accepted.filter(({ construct, id }) => !all.some((f) => f.id === id && `${f.construct}/`.startsWith(`${construct}/`)));
  expect(stale).toEqual([]);
});

test('synthesis fails on a finding nobody acknowledged', () => {
  const bad = stubApp([environment('dev')]);
  try {
    new CfnTable(new Stack(bad.app, 'bad'), 'Table', {
      keySchema: [{ attributeName: 'pk', keyType: 'HASH' }],
      attributeDefinitions: [{ attributeName: 'pk', attributeType: 'S' }],
      billingMode: 'PAY_PER_REQUEST',
    });
    expect(() => bad.app.synth()).toThrow('AwsSolutions-DDB3');
  } finally {
    rmSync(bad.folder, { recursive: true });
  }
});
