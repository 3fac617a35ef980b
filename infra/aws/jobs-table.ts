import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { tableName } from '../names.ts';
import { TABLE } from '../table.ts';

type Props = { readonly environment: Environment; readonly dataKey: Key | undefined };

const text = (name: string) => ({ name, type: AttributeType.STRING });

/** The projection. `Table`, not `TableV2`: rule packs do not look into global tables. */
export const jobsTable = (scope: Construct, { environment, dataKey }: Props): Table => {
  const table = new Table(scope, 'Jobs', {
    tableName: tableName(environment),
    partitionKey: text(TABLE.pk),
    sortKey: text(TABLE.sk),
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: environment.deletionProtection,
    ...(dataKey ? { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey: dataKey } : { encryption: TableEncryption.DEFAULT }),
  });
  for (const { name, pk, sk } of TABLE.indexes) {
    table.addGlobalSecondaryIndex({ indexName: name, partitionKey: text(pk), sortKey: text(sk), projectionType: ProjectionType.ALL });
  }
  return table;
};
