import { ANY, type Breaks, bucket, EVENTS, events, GONE, KEPT, STATEMENTS, table } from './words.ts';

export const STATE: Breaks = {
  'buckets and table have the names the interfaces promise': [
    bucket('queries', 'BucketName', 'holdpoint-dev-answers', ['questions about telemetry']),
    table('TableName', 'holdpoint-jobs'),
  ],
  'an event can only be created, never overwritten: PutObject needs If-None-Match, parts of an upload excepted': [
    events('CreateOnly', '.Effect', 'Allow'),
    events('CreateOnly', '.Principal', { AWS: 'arn:aws:iam::1:root' }),
    events('CreateOnly', '.Condition.Null', GONE),
    events('CreateOnly', '.Condition.Bool', GONE),
  ],
  'nobody may delete events or shorten their retention': [
    events('KeepForever', '.Effect', 'Allow'),
    events('KeepForever', '.Condition', { StringNotEquals: { 'aws:PrincipalAccount': '1' } }),
    events('KeepForever', '.Action', ['s3:DeleteObject']),
  ],
  'both refusals cover every object of the events bucket': [
    events('KeepForever', '.Resource', `${EVENTS}/jobs/*`),
    events('CreateOnly', '.Resource', `${EVENTS}/jobs/*`),
  ],
  'Object Lock of the events bucket is what the environment asks for': [
    bucket('events', 'ObjectLockConfiguration', { ObjectLockEnabled: 'Enabled' }),
    ['prod', 'state S3::Bucket holdpoint-prod-events', 'Properties.ObjectLockConfiguration', GONE],
    ['prod', 'state S3::Bucket holdpoint-prod-events', 'Properties.ObjectLockConfiguration.Rule.DefaultRetention.Days', 1],
  ],
  'no lifecycle rule expires what is current, nor any version of an event': [
    bucket('artifacts', 'LifecycleConfiguration.Rules.+', { ExpirationInDays: 30 }),
    bucket('events', 'LifecycleConfiguration', { Rules: [{ NoncurrentVersionExpiration: { NoncurrentDays: 1 } }] }),
  ],
  '%s: versioned, closed to the public, access logged': [
    bucket('telemetry', 'VersioningConfiguration', GONE),
    bucket('events', 'PublicAccessBlockConfiguration.BlockPublicPolicy', false),
    bucket('artifacts', 'LoggingConfiguration', GONE),
  ],
  'every bucket refuses requests without TLS': [
    ['dev', 'state S3::BucketPolicy EventsPolicy', `${STATEMENTS}.Action=s3:*`, GONE],
    ['dev', 'state S3::BucketPolicy QueriesPolicy', '', GONE],
  ],
  'the table has the shape of infra/table.ts, whole items in every index': [
    table('GlobalSecondaryIndexes.0.Projection.ProjectionType', 'KEYS_ONLY'),
    table('KeySchema.1', GONE),
  ],
  'the table is on demand, recoverable to a point in time, and protected where the environment asks': [
    table('BillingMode', 'PROVISIONED'),
    table('PointInTimeRecoverySpecification', GONE),
    ['prod', 'state DynamoDB::Table Jobs', 'Properties.DeletionProtectionEnabled', false],
  ],
  'no global table hides from the rule packs': [
    ['dev', 'state', 'Resources.Broken', { Type: 'AWS::DynamoDB::GlobalTable', Properties: {}, ...KEPT }],
  ],
  'data is encrypted with a key of the account where the environment asks, and that key rotates': [
    ['prod', 'state KMS::Key DataKey', 'Properties.EnableKeyRotation', false],
    ['prod', 'state DynamoDB::Table Jobs', 'Properties.SSESpecification', GONE],
    ['prod', 'state SecretsManager::Secret', 'Properties.KmsKeyId', GONE],
    bucket('events', 'BucketEncryption', GONE),
  ],
  'digests are signed by a key of their own that only signs, found by its alias': [
    ['dev', 'state KMS::Key DigestKey', 'Properties.KeyUsage', 'ENCRYPT_DECRYPT', ANY],
    ['dev', 'state KMS::Key DigestKey', 'Properties.KeySpec', 'RSA_2048'],
    ['dev', 'state KMS::Alias', 'Properties.AliasName', 'alias/other'],
  ],
  'the context secret starts with a generated key that it names as current': [
    ['dev', 'state SecretsManager::Secret', 'Properties.GenerateSecretString', GONE],
    ['dev', 'state SecretsManager::Secret', 'Properties.GenerateSecretString.PasswordLength', 8],
  ],
  'nothing that holds state goes with its stack': [
    ['dev', 'state DynamoDB::Table Jobs', 'DeletionPolicy', 'Delete'],
    ['dev', 'state S3::Bucket holdpoint-dev-events', 'UpdateReplacePolicy', 'Delete'],
  ],
  'a suffix ends every bucket name, since bucket names are global': [
    ['suffixed', 'state S3::Bucket holdpoint-suffixed-events-123456789012', 'Properties.BucketName', 'holdpoint-suffixed-events'],
  ],
};
