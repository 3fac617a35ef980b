import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Environment } from '../environments.ts';

/** A log group that forgets after as many days as the environment says. */
export const logGroup = (scope: Construct, id: string, logGroupName: string, { retention }: Environment): LogGroup =>
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the environment's schema lists the values of this enum
  new LogGroup(scope, id, { logGroupName, retention: retention.logDays });
