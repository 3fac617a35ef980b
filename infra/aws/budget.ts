import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { topicArn } from './policy.ts';

const NOTICES = [
  { notificationType: 'ACTUAL', threshold: 50 },
  { notificationType: 'ACTUAL', threshold: 100 },
  { notificationType: 'FORECASTED', threshold: 100 },
] as const;

/** What an environment may cost in a month. The tag counts once it is a cost allocation tag of the account. */
export class MonthlyBudget extends Construct {
  constructor(scope: Construct, id: string, { environment }: { readonly environment: Environment }) {
    super(scope, id);
    const subscribers = [{ subscriptionType: 'SNS', address: topicArn(this, environment, 'alarms') }];
    new CfnBudget(this, 'Monthly', {
      budget: {
        budgetName: `holdpoint-${environment.name}`,
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: environment.monthlyUsd, unit: 'USD' },
        costFilters: { TagKeyValue: [`user:holdpoint:environment$${environment.name}`] },
      },
      notificationsWithSubscribers: NOTICES.map((notice) => ({
        notification: { ...notice, comparisonOperator: 'GREATER_THAN', thresholdType: 'PERCENTAGE' },
        subscribers,
      })),
    });
  }
}
