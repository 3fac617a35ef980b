import { Stack, Validations } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';
import type { IConstruct } from 'constructs';

/** Accepts findings of the rule packs on one construct, each for a reason that holds there only. */
export const acknowledge = (construct: IConstruct, reasons: Record<string, string>): void =>
  Validations.of(construct).acknowledge(...Object.entries(reasons).map(([id, reason]) => ({ id, reason })));

/** Accepts the wildcards at the end of a statement's resources. A statement without any needs, and gets, nothing. */
export const acknowledgeWildcards = (construct: IConstruct, statement: PolicyStatement, reason: string): void => {
  for (const resource of statement.resources) {
    const shown = flattenCfnReference(Stack.of(construct).resolve(resource));
    if (shown.includes('*')) acknowledge(construct, { [`AwsSolutions-IAM5[Resource::${shown}]`]: reason });
  }
};
