import { Aws } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Alias, type Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { topicName } from '../names.ts';

type Props = { readonly environment: Environment; readonly dataKey: Key | undefined };

/** Services that tell the topic of alarms, besides nobody. */
const TELLERS = ['cloudwatch.amazonaws.com', 'budgets.amazonaws.com'].map((name) => new ServicePrincipal(name));
const HERE = { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } };

/** The topics people subscribe to. A subscription is confirmed by hand: it outlives deployments. */
export class Topics extends Construct {
  constructor(scope: Construct, id: string, { environment, dataKey }: Props) {
    super(scope, id);
    const alarms = new Topic(this, 'Alarms', {
      topicName: topicName(environment, 'alarms'),
      displayName: `Holdpoint ${environment.name}: alarms`,
      enforceSSL: true,
      // Without a key of the account's own it stays unencrypted: CloudWatch may not use the key that AWS has for SNS.
      ...(dataKey ? { masterKey: dataKey } : {}),
    });
    alarms.addToResourcePolicy(
      new PolicyStatement({
        sid: 'TellOfAlarms',
        principals: TELLERS,
        actions: ['sns:Publish'],
        resources: [alarms.topicArn],
        conditions: HERE,
      }),
    );
    dataKey?.addToResourcePolicy(
      new PolicyStatement({
        sid: 'TellOfAlarms',
        principals: TELLERS,
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: HERE,
      }),
    );
    new Topic(this, 'Approvals', {
      topicName: topicName(environment, 'approvals'),
      displayName: `Holdpoint ${environment.name}: approvals`,
      enforceSSL: true,
      masterKey: dataKey ? dataKey : Alias.fromAliasName(this, 'SnsKey', 'alias/aws/sns'),
    });
  }
}
