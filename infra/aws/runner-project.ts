import { readFileSync } from 'node:fs';
import path from 'node:path';
import { IgnoreMode, Stack } from 'aws-cdk-lib';
import { CfnProject } from 'aws-cdk-lib/aws-codebuild';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Key } from 'aws-cdk-lib/aws-kms';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { CONTRACT_FILE } from '../../contracts/runner.ts';
import { QUEUED_MINUTES, type Runner } from '../environment/runner.ts';
import type { Environment } from '../environments.ts';
import { bucketName, runnerProjectName } from '../names.ts';
import { acknowledge, acknowledgeWildcards } from './acknowledge.ts';
import { ROOT } from './bundle.ts';
import { logGroup } from './log-group.ts';

type Props = {
  readonly environment: Environment;
  readonly runner: Runner;
  readonly dataKey: Key | undefined;
  /** Folder of the tree to check. */
  readonly tree: string;
};

const IMAGE = 'aws/codebuild/amazonlinux-aarch64-standard:3.0';
const COMPUTE = { small: 'BUILD_GENERAL1_SMALL', medium: 'BUILD_GENERAL1_MEDIUM', large: 'BUILD_GENERAL1_LARGE' } as const;
/** More wait in the queue: checks are few, and a mistake in a loop should not be dear. */
const CONCURRENT_BUILDS = 2;

/** The image's Node installs; the one that the lock file pins runs. */
const BUILD_SPEC = {
  version: '0.2',
  phases: {
    install: { 'runtime-versions': { nodejs: 22 }, commands: ['npm ci'] },
    build: { commands: ['node_modules/.bin/node adapters/runner/main.ts'] },
  },
};

/** What git does not keep is not part of the tree. */
const notKept = (): string[] => ['.git', ...readFileSync(path.join(ROOT, '.gitignore'), 'utf8').split('\n').filter(Boolean)];

/**
 * Runs checks of the tree that was deployed: the same runner as on a developer's machine, as a build. It writes its result beside the
 * evidence of the job; who started it reads it there.
 */
export class RunnerProject extends Construct {
  constructor(scope: Construct, id: string, props: Props) {
    super(scope, id);
    const { environment, runner, dataKey, tree } = props;
    const name = runnerProjectName(environment);
    const logs = logGroup(this, 'Logs', `/aws/codebuild/${name}`, environment);
    const exclude = [...notKept(), 'node_modules'];
    const source = new Asset(this, 'Source', { path: tree, exclude, ignoreMode: IgnoreMode.GIT });
    const role = this.#role(props, logs, source);

    const project = new CfnProject(this, 'Project', {
      name,
      description: `Checks of ${runner.repository}, by its ${CONTRACT_FILE}`,
      serviceRole: role.roleArn,
      source: {
        type: 'S3',
        location: `${source.s3BucketName}/${source.s3ObjectKey}`,
        buildSpec: JSON.stringify(BUILD_SPEC),
      },
      artifacts: { type: 'NO_ARTIFACTS' },
      environment: {
        type: 'ARM_CONTAINER',
        image: IMAGE,
        computeType: COMPUTE[runner.compute],
        environmentVariables: [{ name: 'HOLDPOINT_ARTIFACTS_BUCKET', type: 'PLAINTEXT', value: bucketName(environment, 'artifacts') }],
      },
      logsConfig: { cloudWatchLogs: { status: 'ENABLED', groupName: logs.logGroupName } },
      timeoutInMinutes: runner.timeoutMinutes,
      queuedTimeoutInMinutes: QUEUED_MINUTES,
      concurrentBuildLimit: CONCURRENT_BUILDS,
      ...(dataKey ? { encryptionKey: dataKey.keyArn } : {}),
    });
    project.node.addDependency(role);
    if (!dataKey) {
      acknowledge(project, { 'AwsSolutions-CB4': 'a build leaves no artifact with CodeBuild that a key of the account could encrypt' });
    }
  }

  #role({ environment, dataKey }: Props, logs: LogGroup, source: Asset): Role {
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('codebuild.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: 'runner: reads the deployed tree, writes results of checks',
    });
    const results = new PolicyStatement({
      sid: 'Results',
      actions: ['s3:PutObject'],
      resources: [
        Stack.of(this).formatArn({
          ...{ service: 's3', region: '', account: '' },
          resource: `${bucketName(environment, 'artifacts')}/jobs/*/outputs/runner/*`,
        }),
      ],
    });
    for (const statement of [
      new PolicyStatement({
        sid: 'Source',
        actions: ['s3:GetObject', 's3:GetObjectVersion'],
        resources: [source.bucket.arnForObjects(source.s3ObjectKey)],
      }),
      new PolicyStatement({
        sid: 'SourceBucket',
        actions: ['s3:GetBucketAcl', 's3:GetBucketLocation'],
        resources: [source.bucket.bucketArn],
      }),
      results,
      new PolicyStatement({ sid: 'WriteLogs', actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logs.logGroupArn] }),
      ...(dataKey ? [new PolicyStatement({ sid: 'DataKey', actions: ['kms:GenerateDataKey'], resources: [dataKey.keyArn] })] : []),
    ]) {
      role.addToPolicy(statement);
    }
    acknowledgeWildcards(role, results, 'results lie below the job that asked for them, known only at run time');
    return role;
  }
}
