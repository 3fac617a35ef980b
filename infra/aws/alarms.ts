import { Alarm, ComparisonOperator, type IAlarmAction, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { FunctionName } from '../functions.ts';
import { alarmName } from '../names.ts';
import { type AlarmSpec, alarmSpecs, type Watched } from './alarm-specs.ts';
import { topicArn } from './policy.ts';

/** All alarms of an environment: each has a name, a runbook, and tells the topic of alarms when it goes off and when it is over. */
export class Alarms extends Construct {
  readonly #ofFunctions: { name: FunctionName; alarm: Alarm }[] = [];

  constructor(scope: Construct, id: string, watched: Watched) {
    super(scope, id);
    const topic = Topic.fromTopicArn(this, 'Topic', topicArn(this, watched.environment, 'alarms'));
    const tell = new SnsAction(topic);
    for (const { spec, owner } of alarmSpecs(watched)) {
      const alarm = this.#alarm(spec, watched, tell);
      if (owner) this.#ofFunctions.push({ name: owner.spec.name, alarm });
    }
  }

  /** The alarms of one function. */
  of(name: FunctionName): Alarm[] {
    return this.#ofFunctions.filter((one) => one.name === name).map(({ alarm }) => alarm);
  }

  #alarm(spec: AlarmSpec, { environment }: Watched, tell: IAlarmAction): Alarm {
    const alarm = new Alarm(this, spec.id, {
      alarmName: alarmName(environment, spec.id),
      alarmDescription: `${spec.says}. What to do: docs/runbooks/${spec.runbook}.md`,
      metric: spec.metric,
      threshold: spec.threshold,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: spec.missing ?? TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(tell);
    alarm.addOkAction(tell);
    return alarm;
  }
}
