import { Duration } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Key } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  type IBucket,
  type LifecycleRule,
  ObjectLockRetention,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { type BucketId, bucketName } from '../names.ts';

type Props = { readonly environment: Environment; readonly accessLogs: Bucket; readonly dataKey: Key | undefined };

const ABORT_UPLOADS: LifecycleRule = { id: 'AbortUnfinishedUploads', abortIncompleteMultipartUploadAfter: Duration.days(7) };
const CLOSED = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
} as const satisfies BucketProps;

const closed = ({ environment, accessLogs, dataKey }: Props, bucket: BucketId | 'queries'): BucketProps => ({
  ...CLOSED,
  bucketName: bucketName(environment, bucket),
  // CDK's classes do not fit its own interfaces under exactOptionalPropertyTypes.
  serverAccessLogsBucket: accessLogs as IBucket,
  serverAccessLogsPrefix: `${bucket}/`,
  ...(dataKey
    ? { encryption: BucketEncryption.KMS, encryptionKey: dataKey, bucketKeyEnabled: true }
    : { encryption: BucketEncryption.S3_MANAGED }),
});

const stored = (props: Props, bucket: BucketId): BucketProps => ({ ...closed(props, bucket), versioned: true });

/** Answers of Athena, which can be asked again. */
export const queriesBucket = (scope: Construct, props: Props): Bucket =>
  new Bucket(scope, 'Queries', {
    ...closed(props, 'queries'),
    lifecycleRules: [ABORT_UPLOADS, { id: 'ExpireAnswers', expiration: Duration.days(7) }],
  });

/** Where S3 writes who asked for what. */
export const accessLogsBucket = (scope: Construct, environment: Environment): Bucket =>
  new Bucket(scope, 'AccessLogs', {
    ...CLOSED,
    bucketName: bucketName(environment, 'access-logs'),
    encryption: BucketEncryption.S3_MANAGED,
    lifecycleRules: [ABORT_UPLOADS, { id: 'ExpireLogs', expiration: Duration.days(environment.retention.logDays) }],
  });

/** Artifacts, cassettes, telemetry: current versions stay for good, replaced ones for a while. */
export const dataBucket = (scope: Construct, id: string, bucket: Exclude<BucketId, 'events'>, props: Props): Bucket =>
  new Bucket(scope, id, {
    ...stored(props, bucket),
    lifecycleRules: [
      ABORT_UPLOADS,
      { id: 'ExpireReplacedVersions', noncurrentVersionExpiration: Duration.days(props.environment.retention.noncurrentDays) },
    ],
  });

/** The event log: objects are created once and stay, whoever asks. */
export const eventsBucket = (scope: Construct, props: Props): Bucket => {
  const lock = props.environment.objectLock;
  const bucket = new Bucket(scope, 'Events', {
    ...stored(props, 'events'),
    lifecycleRules: [ABORT_UPLOADS],
    ...(lock.mode === 'none' ? {} : { objectLockDefaultRetention: ObjectLockRetention[lock.mode](Duration.days(lock.days)) }),
  });
  const everyone = { effect: Effect.DENY, principals: [new AnyPrincipal()], resources: [bucket.arnForObjects('*')] };
  bucket.addToResourcePolicy(
    new PolicyStatement({
      ...everyone,
      sid: 'CreateOnly',
      actions: ['s3:PutObject'],
      // The parts of a multipart upload carry no condition; the request that creates the object does.
      conditions: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    }),
  );
  bucket.addToResourcePolicy(
    new PolicyStatement({
      ...everyone,
      sid: 'KeepForever',
      actions: ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention'],
    }),
  );
  return bucket;
};
