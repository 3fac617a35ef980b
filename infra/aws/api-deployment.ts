import { ArnFormat, Aws, Stack } from 'aws-cdk-lib';
import type { Alarm, IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { type ILambdaDeploymentConfig, LambdaApplication, LambdaDeploymentConfig, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Alias } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { DEPLOYMENTS } from '../environment/operations.ts';
import type { Environment } from '../environments.ts';

type Props = {
  readonly environment: Environment;
  readonly live: Alias;
  /** Any of them rolls a deployment back. They exist: CodeDeploy takes one that does not for healthy. */
  readonly alarms: readonly Alarm[];
};

const CONFIGS: Readonly<Record<(typeof DEPLOYMENTS)[number], ILambdaDeploymentConfig | null>> = {
  'all-at-once': null,
  'canary-10-percent-5-minutes': LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
  'linear-10-percent-every-minute': LambdaDeploymentConfig.LINEAR_10PERCENT_EVERY_1MINUTE,
};

/** Moves the API's traffic to a new version as the environment says. */
export class ApiDeployment extends Construct {
  constructor(scope: Construct, id: string, { environment, live, alarms }: Props) {
    super(scope, id);
    const deploymentConfig = CONFIGS[environment.deployment];
    if (!deploymentConfig) return;
    const name = `holdpoint-${environment.name}-api`;
    new LambdaDeploymentGroup(this, 'Group', {
      application: new LambdaApplication(this, 'Application', { applicationName: name }),
      deploymentGroupName: name,
      alias: live,
      deploymentConfig,
      // CDK's classes do not fit its own interfaces under exactOptionalPropertyTypes.
      alarms: alarms as readonly IAlarm[] as IAlarm[],
      autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: true },
      role: this.#role(environment, live).withoutPolicyUpdates(),
    });
  }

  /** The policy that AWS has for this names every function and every alarm. */
  #role({ name }: Environment, live: Alias): Role {
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('codedeploy.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
      description: `CodeDeploy: shifts the API of ${name} to a new version`,
    });
    const alarm = (suffix: string): string =>
      Stack.of(this).formatArn({
        service: 'cloudwatch',
        resource: 'alarm',
        resourceName: `holdpoint-${name}-web-${suffix}`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
    const { functionArn } = live.lambda;
    role.addToPolicy(
      new PolicyStatement({
        sid: 'ShiftTraffic',
        actions: ['lambda:GetAlias', 'lambda:UpdateAlias', 'lambda:GetProvisionedConcurrencyConfig'],
        resources: [functionArn, `${functionArn}:${live.aliasName}`],
      }),
    );
    role.addToPolicy(
      new PolicyStatement({
        sid: 'WatchAlarms',
        actions: ['cloudwatch:DescribeAlarms'],
        resources: ['errors', 'throttles', 'duration'].map(alarm),
      }),
    );
    return role;
  }
}
