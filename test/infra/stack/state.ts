import { expect } from 'vitest';
import { ENVIRONMENTS } from '../../../infra/environments.ts';
import { TABLE } from '../../../infra/table.ts';
import { describe, test } from '../proving.ts';
import { flat, list, ofType, only, type Properties, type Statement, statements, synthesized, type Template } from '../synth.ts';

const buckets = (template: Template): Map<string, { id: string; properties: Properties }> =>
  new Map(
    ofType(template, 'AWS::S3::Bucket').map(([id, { Properties }]) => [String(Properties['BucketName']), { id, properties: Properties }]),
  );

const policyOf = (template: Template, bucketId: string): Statement[] =>
  ofType(template, 'AWS::S3::BucketPolicy')
    .filter(([, { Properties }]) => flat(Properties['Bucket']) === `<${bucketId}>`)
    .flatMap(([, policy]) => statements(policy));

const secretOf = (template: Template): Properties => only(template, 'AWS::SecretsManager::Secret').Properties;

describe.each(ENVIRONMENTS)('$name', (settings) => {
  const { state } = synthesized(settings.name);
  const named = buckets(state);
  const bucket = (name: string) => {
    const found = named.get(`holdpoint-${settings.name}-${name}`);
    if (!found) throw new Error(`no bucket ${name}`);
    return { ...found, policy: policyOf(state, found.id) };
  };
  const table = only(state, 'AWS::DynamoDB::Table').Properties;

  test('buckets and table have the names the interfaces promise', () => {
    const base = `holdpoint-${settings.name}`;
    expect([...named.keys()].sort()).toEqual(
      ['access-logs', 'artifacts', 'cassettes', 'events', 'queries', 'telemetry'].map((name) => `${base}-${name}`),
    );
    expect(table['TableName']).toBe(`${base}-jobs`);
  });

  test('an event can only be created, never overwritten: PutObject needs If-None-Match, parts of an upload excepted', () => {
    expect(bucket('events').policy.find(({ Sid }) => Sid === 'CreateOnly')).toMatchObject({
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: 's3:PutObject',
      Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    });
  });

  test('nobody may delete events or shorten their retention', () => {
    const keep = bucket('events').policy.find(({ Sid }) => Sid === 'KeepForever');
    expect(keep).toMatchObject({ Effect: 'Deny', Principal: { AWS: '*' } });
    expect(keep).not.toHaveProperty('Condition');
    expect(list(keep?.Action ?? []).sort()).toEqual(['s3:BypassGovernanceRetention', 's3:DeleteObject', 's3:DeleteObjectVersion']);
  });

  test('both refusals cover every object of the events bucket', () => {
    const { id, policy } = bucket('events');
    for (const sid of ['CreateOnly', 'KeepForever']) {
      expect(flat(policy.find(({ Sid }) => Sid === sid)?.Resource)).toBe(`<${id}.Arn>/*`);
    }
  });

  test('Object Lock of the events bucket is what the environment asks for', () => {
    const { properties } = bucket('events');
    const { objectLock } = settings;
    if (objectLock.mode === 'none') expect(properties).not.toHaveProperty('ObjectLockConfiguration');
    else {
      expect(properties['ObjectLockConfiguration']).toMatchObject({
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: objectLock.mode.toUpperCase(), Days: objectLock.days } },
      });
    }
  });

  test('no lifecycle rule expires what is current, nor any version of an event', () => {
    for (const name of ['events', 'artifacts', 'cassettes', 'telemetry']) {
      const text = JSON.stringify(bucket(name).properties['LifecycleConfiguration']);
      expect(text).not.toMatch(/"Expiration(InDays|Date)/);
      if (name === 'events') expect(text).not.toContain('Noncurrent');
    }
  });

  test.each(['events', 'artifacts', 'cassettes', 'telemetry'])('%s: versioned, closed to the public, access logged', (name) => {
    expect(bucket(name).properties).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      LoggingConfiguration: { DestinationBucketName: { Ref: bucket('access-logs').id }, LogFilePrefix: `${name}/` },
    });
  });

  test('every bucket refuses requests without TLS', () => {
    for (const { id } of named.values()) {
      expect(policyOf(state, id)).toContainEqual(
        expect.objectContaining({ Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      );
    }
  });

  test('the table has the shape of infra/table.ts, whole items in every index', () => {
    const keys = (pk: string, sk: string) => [
      { AttributeName: pk, KeyType: 'HASH' },
      { AttributeName: sk, KeyType: 'RANGE' },
    ];
    expect(table['KeySchema']).toEqual(keys(TABLE.pk, TABLE.sk));
    expect(table['GlobalSecondaryIndexes']).toEqual(
      TABLE.indexes.map(({ name, pk, sk }) => ({ IndexName: name, KeySchema: keys(pk, sk), Projection: { ProjectionType: 'ALL' } })),
    );
  });

  test('the table is on demand, recoverable to a point in time, and protected where the environment asks', () => {
    expect(table).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: settings.deletionProtection,
    });
  });

  test('no global table hides from the rule packs', () => {
    expect(ofType(state, 'AWS::DynamoDB::GlobalTable')).toEqual([]);
  });

  test('data is encrypted with a key of the account where the environment asks, and that key rotates', () => {
    const text = JSON.stringify([table['SSESpecification'], bucket('events').properties['BucketEncryption'], secretOf(state)['KmsKeyId']]);
    const keys = ofType(state, 'AWS::KMS::Key');
    if (settings.customerKeys) {
      expect(keys.map(([, { Properties }]) => Properties)).toContainEqual(expect.objectContaining({ EnableKeyRotation: true }));
      expect(text.match(/DataKey/g)).toHaveLength(3);
    } else {
      expect(keys).toHaveLength(1);
      expect(text).toContain('AES256');
    }
  });

  test('digests are signed by a key of their own that only signs, found by its alias', () => {
    const [found] = ofType(state, 'AWS::KMS::Key').filter(([, { Properties }]) => Properties['KeyUsage'] === 'SIGN_VERIFY');
    expect(found?.[1].Properties).toMatchObject({ KeySpec: 'ECC_NIST_P256' });
    const aliases = ofType(state, 'AWS::KMS::Alias').map(([, { Properties }]) => Properties);
    expect(aliases).toContainEqual(expect.objectContaining({ AliasName: `alias/holdpoint-${settings.name}-digests` }));
  });

  test('the context secret starts with a generated key that it names as current', () => {
    expect(secretOf(state)).toMatchObject({
      Name: `holdpoint-${settings.name}-context-keys`,
      GenerateSecretString: { SecretStringTemplate: '{"current":"k1"}', GenerateStringKey: 'k1', PasswordLength: 64 },
    });
  });

  test('nothing that holds state goes with its stack', () => {
    for (const [id, resource] of Object.entries(state.Resources)) {
      expect(resource, id).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
  });
});

test('production is deletion-protected, locked and encrypted with its own key', () => {
  const prod = ENVIRONMENTS.find(({ name }) => name === 'prod');
  expect(prod).toMatchObject({ deletionProtection: true, customerKeys: true, objectLock: { mode: 'governance' } });
});

test('a suffix ends every bucket name, since bucket names are global', () => {
  const names = [...buckets(synthesized('suffixed').state).keys()];
  expect(names).toHaveLength(6);
  for (const name of names) expect(name).toMatch(/^holdpoint-suffixed-.+-123456789012$/);
});
