/**
 * Names that outsiders hold on to. They never change: they are also what ties the service stack to the
 * state stack, so that neither exports anything the other could be blocked by.
 */
export const BUCKETS = ['events', 'artifacts', 'cassettes', 'telemetry'] as const;
export type BucketId = (typeof BUCKETS)[number];

type Named = { name: string; bucketSuffix?: string | undefined };

const base = ({ name }: Named): string => `holdpoint-${name}`;

/** Bucket names are global: an environment whose name is taken adds a suffix, an account id for example. */
export const bucketName = (environment: Named, bucket: BucketId | 'access-logs' | 'queries'): string =>
  [base(environment), bucket, environment.bucketSuffix].filter(Boolean).join('-');

export const tableName = (environment: Named): string => `${base(environment)}-jobs`;

/** The machines, by what their definitions are called in `statemachines/`. */
export const MACHINES = ['job', 'rollout'] as const;
export type MachineId = (typeof MACHINES)[number];
export const machineName = (environment: Named, machine: MachineId): string => `${base(environment)}-${machine}`;

/** The only name executions start through. */
export const LIVE = 'live';

export const functionName = (environment: Named, name: string): string => `${base(environment)}-${name}`;

/** Alias of the KMS key that signs digests. */
export const digestKeyAlias = (environment: Named): string => `alias/${base(environment)}-digests`;

/** Topics people subscribe to. */
export type TopicId = 'alarms' | 'approvals';
export const topicName = (environment: Named, topic: TopicId): string => `${base(environment)}-${topic}`;

/** Passes that a schedule runs. One that failed is kept in a queue. */
export type Scheduled = 'reconcile' | 'digest';
export const failedQueueName = (environment: Named, pass: Scheduled): string => `${base(environment)}-${pass}-failed`;

export const alarmName = (environment: Named, alarm: string): string => `${base(environment)}-${alarm}`;

/** Of Glue, which takes no hyphens. */
export const databaseName = (environment: Named): string => base(environment).replaceAll('-', '_');

/** Workgroup of Athena. */
export const workgroupName = (environment: Named): string => base(environment);

export const contextSecretName = (environment: Named): string => `${base(environment)}-context-keys`;

/** Of the build project that runs checks. */
export const runnerProjectName = (environment: Named): string => `${base(environment)}-runner`;
