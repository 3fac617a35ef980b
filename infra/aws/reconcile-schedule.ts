import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { failedQueueName } from '../names.ts';
import { acknowledge } from './acknowledge.ts';
import type { HandlerFunction } from './handler-function.ts';

type Props = { readonly environment: Environment; readonly reconcile: HandlerFunction };

const EVERY = Duration.minutes(5);

/** Runs the reconciler regularly. A failed pass is kept for people and not repeated: the next one does its work too. */
export class ReconcileSchedule extends Construct {
  /** Passes that failed. */
  readonly failed: Queue;

  constructor(scope: Construct, id: string, { environment, reconcile }: Props) {
    super(scope, id);
    this.failed = new Queue(this, 'Failed', {
      queueName: failedQueueName(environment, 'reconcile'),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    const { failed } = this;
    const live = reconcile.addLiveAlias({ onFailure: new SqsDestination(failed), retryAttempts: 0, maxEventAge: EVERY });
    new Schedule(this, 'Schedule', {
      scheduleName: `holdpoint-${environment.name}-reconcile`,
      description: 'Brings projection, deliveries and executions in line with the log',
      schedule: ScheduleExpression.rate(EVERY),
      target: new LambdaInvoke(live as IFunction, {
        input: ScheduleTargetInput.fromObject({}),
        deadLetterQueue: failed,
        retryAttempts: 0,
        maxEventAge: EVERY,
      }),
    });
    acknowledge(reconcile.lambda, {
      'Serverless-LambdaDLQ': 'a failed pass goes to the on-failure destination, which also carries its error',
    });
    acknowledge(failed, {
      'AwsSolutions-SQS3': 'this queue is the dead-letter queue, of a schedule and of a function',
      'Serverless-SQSRedrivePolicy': 'this queue is where redriving ends: people read it',
    });
  }
}
