import { RemovalPolicies, Stack, type StackProps } from 'aws-cdk-lib';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { contextSecretName, digestKeyAlias } from '../names.ts';
import { acknowledge } from './acknowledge.ts';
import { accessLogsBucket, dataBucket, eventsBucket, queriesBucket } from './buckets.ts';
import { jobsTable } from './jobs-table.ts';
import { TelemetryTables } from './telemetry-tables.ts';
import { Topics } from './topics.ts';

type Props = StackProps & { readonly environment: Environment };

/** What must outlive every deployment: buckets, table, keys. Nothing here is ever deleted by CloudFormation. */
export class StateStack extends Stack {
  readonly dataKey: Key | undefined;
  readonly contextSecret: Secret;
  readonly digestKey: Key;

  constructor(scope: Construct, id: string, { environment, ...props }: Props) {
    super(scope, id, { ...props, terminationProtection: environment.deletionProtection });
    this.dataKey = environment.customerKeys
      ? new Key(this, 'DataKey', {
          alias: `holdpoint-${environment.name}-data`,
          description: 'Events, artifacts and jobs',
          enableKeyRotation: true,
        })
      : undefined;

    const shared = { environment, dataKey: this.dataKey };
    const withLogs = { ...shared, accessLogs: accessLogsBucket(this, environment) };
    eventsBucket(this, withLogs);
    dataBucket(this, 'Artifacts', 'artifacts', withLogs);
    dataBucket(this, 'Cassettes', 'cassettes', withLogs);
    dataBucket(this, 'Telemetry', 'telemetry', withLogs);
    queriesBucket(this, withLogs);
    jobsTable(this, shared);
    new Topics(this, 'Topics', shared);
    new TelemetryTables(this, 'TelemetryTables', shared);

    // One key for the life of the environment: whoever verifies has its public half pinned.
    this.digestKey = new Key(this, 'DigestKey', {
      alias: digestKeyAlias(environment),
      description: 'Signs digests of the event logs',
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
    });
    this.contextSecret = this.#contextSecret(environment);
    RemovalPolicies.of(this).retain();
  }

  /** The key ring that signs contexts, as `{"current": "k1", "k1": "<64 characters>"}`: a secret generates one flat key only. */
  #contextSecret(environment: Environment): Secret {
    const secret = new Secret(this, 'ContextKeys', {
      secretName: contextSecretName(environment),
      description: 'Keys that sign the context between states; retired ones stay while jobs may wait',
      ...(this.dataKey ? { encryptionKey: this.dataKey } : {}),
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ current: 'k1' }),
        generateStringKey: 'k1',
        passwordLength: 64,
        excludePunctuation: true,
      },
    });
    acknowledge(secret, {
      'AwsSolutions-SMG4':
        'rotating means adding a key and keeping the retired ones for as long as a job may wait: a decision of people, not of a timer',
    });
    return secret;
  }
}
