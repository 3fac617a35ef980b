import { Aws } from 'aws-cdk-lib';
import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import type { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { TELEMETRY_TABLES, type TelemetryTable } from '../../contracts/telemetry.ts';
import { TELEMETRY_PARTITION, telemetryPrefix } from '../../contracts/telemetry-layout.ts';
import { columnsOf } from '../../functions/lib/telemetry/columns.ts';
import type { Environment } from '../environments.ts';
import { bucketName, databaseName, workgroupName } from '../names.ts';

type Props = { readonly environment: Environment; readonly dataKey: Key | undefined };

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
      name: workgroupName(environment),
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
      columns: [...columnsOf(name)],
      inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
      outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
      serdeInfo: { serializationLibrary: 'org.openx.data.jsonserde.JsonSerDe' },
    },
  };
};
