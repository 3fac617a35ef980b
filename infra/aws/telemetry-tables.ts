import { Aws } from 'aws-cdk-lib';
import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import type { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import * as z from 'zod';
import { TELEMETRY_TABLES, type TelemetryTable } from '../../contracts/telemetry.ts';
import { TELEMETRY_PARTITION, telemetryPrefix } from '../../contracts/telemetry-layout.ts';
import type { Environment } from '../environments.ts';
import { bucketName, databaseName } from '../names.ts';

type Props = { readonly environment: Environment; readonly dataKey: Key | undefined };

const Type = z.enum(['string', 'integer', 'number', 'boolean', 'null']);
const Member = z.object({ type: z.union([Type, z.array(Type)]) });
const Row = z.object({ properties: z.record(z.string(), z.union([Member, z.object({ anyOf: z.array(Member) })])) });
const TYPES = { string: 'string', integer: 'bigint', number: 'double', boolean: 'boolean' } as const;

/** Columns as Athena reads them out of JSON: instants stay text, as in the local tables. */
export const columnsOf = (table: TelemetryTable): { name: string; type: string }[] => {
  const { properties } = Row.parse(z.toJSONSchema(TELEMETRY_TABLES[table], { io: 'output' }));
  return Object.entries(properties).map(([name, member]) => {
    const all = ('anyOf' in member ? member.anyOf : [member]).flatMap(({ type }) => type);
    const types = all.filter((type) => type !== 'null');
    const [type] = types;
    if (!type || types.length > 1) throw new Error(`column ${name} of ${table} has no single type: ${types.join(', ')}`);
    return { name, type: TYPES[type] };
  });
};

/** The telemetry as SQL tables. Partitions are computed from the day, so that nothing has to crawl the bucket. */
export class TelemetryTables extends Construct {
  constructor(scope: Construct, id: string, { environment, dataKey }: Props) {
    super(scope, id);
    const database = new CfnDatabase(this, 'Database', {
      catalogId: Aws.ACCOUNT_ID,
      databaseInput: { name: databaseName(environment), description: `Holdpoint ${environment.name}: telemetry` },
    });
    for (const name of Object.keys(TELEMETRY_TABLES) as TelemetryTable[]) {
      const table = new CfnTable(this, name, {
        catalogId: Aws.ACCOUNT_ID,
        databaseName: databaseName(environment),
        tableInput: tableInput(environment, name),
      });
      table.addResourceDependency(database);
    }
    new CfnWorkGroup(this, 'Queries', {
      name: `holdpoint-${environment.name}`,
      description: 'Questions about telemetry; answers are kept for a week',
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: 10 * 1024 ** 3,
        resultConfiguration: {
          outputLocation: `s3://${bucketName(environment, 'queries')}/`,
          encryptionConfiguration: dataKey ? { encryptionOption: 'SSE_KMS', kmsKey: dataKey.keyArn } : { encryptionOption: 'SSE_S3' },
        },
      },
    });
  }
}

const tableInput = (environment: Environment, name: TelemetryTable): CfnTable.TableInputProperty => {
  const location = `s3://${bucketName(environment, 'telemetry')}/${telemetryPrefix(name)}`;
  const day = `projection.${TELEMETRY_PARTITION}`;
  return {
    name,
    tableType: 'EXTERNAL_TABLE',
    partitionKeys: [{ name: TELEMETRY_PARTITION, type: 'string' }],
    parameters: {
      classification: 'json',
      'projection.enabled': 'true',
      [`${day}.type`]: 'date',
      [`${day}.format`]: 'yyyy-MM-dd',
      [`${day}.range`]: '2026-01-01,NOW+1DAYS',
      'storage.location.template': `${location}${TELEMETRY_PARTITION}=\${${TELEMETRY_PARTITION}}/`,
    },
    storageDescriptor: {
      location,
      columns: columnsOf(name),
      inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
      outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
      serdeInfo: { serializationLibrary: 'org.openx.data.jsonserde.JsonSerDe' },
    },
  };
};
