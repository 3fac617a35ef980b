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

type Props = { readonly environment: Environment; readonly digest: HandlerFunction };

const EVERY = Duration.hours(1);

/** Signs the heads of all logs that grew, every hour. A pass fails when a log contradicts what was signed: that raises the alarm. */
export class DigestSchedule extends Construct {
  /** Passes that failed. */
  readonly failed: Queue;

  constructor(scope: Construct, id: string, { environment, digest }: Props) {
    super(scope, id);
    this.failed = new Queue(this, 'Failed', {
      queueName: failedQueueName(environment, 'digest'),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    const { failed } = this;
    const live = digest.addLiveAlias({ onFailure: new SqsDestination(failed), retryAttempts: 0, maxEventAge: EVERY });
    new Schedule(this, 'Schedule', {
      scheduleName: `holdpoint-${environment.name}-digest`,
      description: 'Signs where every log stands that grew',
      schedule: ScheduleExpression.rate(EVERY),
      target: new LambdaInvoke(live as IFunction, {
        input: ScheduleTargetInput.fromObject({ thorough: true }),
        deadLetterQueue: failed,
        retryAttempts: 0,
        maxEventAge: EVERY,
      }),
    });
    acknowledge(digest.lambda, {
      'Serverless-LambdaDLQ': 'a failed pass goes to the on-failure destination, which also carries its error',
    });
    acknowledge(failed, {
      'AwsSolutions-SQS3': 'this queue is the dead-letter queue, of a schedule and of a function',
      'Serverless-SQSRedrivePolicy': 'this queue is where redriving ends: people read it',
    });
  }
}
