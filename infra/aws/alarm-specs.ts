import { Duration } from 'aws-cdk-lib';
import { type IMetric, Metric, type MetricOptions, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { METRIC_NAMESPACE, type MetricName } from '../../adapters/metrics.ts';
import type { Environment } from '../environments.ts';
import type { MachineId } from '../names.ts';
import type { HandlerFunction } from './handler-function.ts';

export type Watched = {
  readonly environment: Environment;
  readonly machines: readonly { readonly id: MachineId; readonly machine: StateMachine }[];
  readonly handlers: readonly HandlerFunction[];
  /** Dead letters. */
  readonly queues: readonly Queue[];
};

export type AlarmSpec = {
  /** Ends the alarm's name. */
  id: string;
  /** File in docs/runbooks. */
  runbook: string;
  /** What is the matter when it goes off. */
  says: string;
  metric: IMetric;
  /** Goes off at this value and above. */
  threshold: number;
  /** What no data means. Default: all is well. */
  missing?: TreatMissingData;
};

const FIVE_MINUTES = Duration.minutes(5);
const HOUR = Duration.hours(1);

/** One of the functions' own metrics. */
export const ownMetric = ({ name }: Environment, metricName: MetricName, options: MetricOptions): Metric =>
  new Metric({ namespace: METRIC_NAMESPACE, metricName, dimensionsMap: { environment: name }, ...options });

/** An execution ends at 25,000 events: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
const HISTORY_LIMIT = 20_000;

/** A rollout that ends badly was rolled back, or failed to be: one is enough. */
const failuresPerHour = (id: MachineId, { environment: { alarms } }: Watched): number =>
  id === 'job' ? alarms.executionsFailedPerHour : 1;

const ofMachine = (watched: Watched, { id, machine }: Watched['machines'][number]): AlarmSpec[] => {
  const prefix = id === 'job' ? '' : `${id}-`;
  const { alarms } = watched.environment;
  return [
    {
      id: `${prefix}executions-failed`,
      runbook: 'executions-failed',
      says: id === 'job' ? 'Jobs end badly, more than usual in an hour' : 'A rollout was rolled back or failed',
      metric: machine.metricFailed({ period: HOUR }),
      threshold: failuresPerHour(id, watched),
    },
    {
      id: `${prefix}executions-timed-out`,
      runbook: 'executions-timed-out',
      says: 'An execution reached its time limit',
      metric: machine.metricTimedOut({ period: FIVE_MINUTES }),
      threshold: 1,
    },
    {
      id: `${prefix}executions-aborted`,
      runbook: 'executions-aborted',
      says: 'Many executions were stopped in an hour',
      metric: machine.metricAborted({ period: HOUR }),
      threshold: alarms.executionsAbortedPerHour,
    },
    {
      id: `${prefix}executions-throttled`,
      runbook: 'executions-throttled',
      says: 'Step Functions holds back state transitions of this machine',
      metric: machine.metricThrottled({ period: FIVE_MINUTES }),
      threshold: 1,
    },
  ];
};

/** A scheduled pass is not repeated: one that fails is one too many. */
const isScheduled = ({ spec }: HandlerFunction): boolean => spec.name === 'reconcile' || spec.name === 'digest';

const ofFunction = ({ environment: { alarms } }: Watched, handler: HandlerFunction): AlarmSpec[] => {
  const { lambda, spec } = handler;
  return [
    {
      id: `${spec.name}-errors`,
      runbook: 'function-errors',
      says: `The function ${spec.name} fails`,
      metric: lambda.metricErrors({ period: FIVE_MINUTES }),
      threshold: isScheduled(handler) ? 1 : alarms.functionErrors,
    },
    {
      id: `${spec.name}-throttles`,
      runbook: 'function-throttles',
      says: `Lambda refuses to run the function ${spec.name} as often as it is called`,
      metric: lambda.metricThrottles({ period: FIVE_MINUTES }),
      threshold: 1,
    },
    {
      id: `${spec.name}-duration`,
      runbook: 'function-duration',
      says: `The slowest percent of the function ${spec.name} comes near its timeout of ${spec.timeoutSeconds} s`,
      metric: lambda.metricDuration({ period: FIVE_MINUTES, statistic: 'p99' }),
      threshold: spec.timeoutSeconds * 1000 * alarms.durationShare,
    },
  ];
};

const ofQueue = (queue: Queue): AlarmSpec => ({
  id: `${queue.node.scope?.node.id === 'DigestSchedule' ? 'digest' : 'reconcile'}-dead-letters`,
  runbook: 'dead-letters',
  says: 'A scheduled pass failed, and nobody has looked at it yet',
  metric: queue.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES, statistic: 'Maximum' }),
  threshold: 1,
});

const ofJobs = ({ environment }: Watched): AlarmSpec[] => {
  const { alarms } = environment;
  const most = (metricName: MetricName) => ownMetric(environment, metricName, { period: FIVE_MINUTES, statistic: 'Maximum' });
  const sum = (metricName: MetricName, period = FIVE_MINUTES) => ownMetric(environment, metricName, { period, statistic: 'Sum' });
  return [
    {
      id: 'approval-age',
      runbook: 'approval-age',
      says: `A question has waited ${alarms.approvalAgeHours} hours for an answer, or the reconciler, which measures that, does not run`,
      metric: ownMetric(environment, 'OldestApprovalAge', { period: Duration.minutes(15), statistic: 'Maximum' }),
      threshold: alarms.approvalAgeHours * 3600,
      missing: TreatMissingData.BREACHING,
    },
    {
      id: 'append-conflicts',
      runbook: 'append-conflicts',
      says: 'Writers of one log keep losing races',
      metric: sum('AppendConflicts'),
      threshold: alarms.appendConflicts,
    },
    {
      id: 'projection-lag',
      runbook: 'projection-lag',
      says: 'Lists show an old state of a job',
      metric: most('ProjectionLag'),
      threshold: alarms.projectionLagSeconds,
    },
    {
      id: 'llm-spend',
      runbook: 'llm-spend',
      says: `Model calls cost ${alarms.llmUsdPerHour} USD in an hour`,
      metric: sum('LlmSpend', HOUR),
      threshold: alarms.llmUsdPerHour,
    },
    {
      id: 'degraded-answers',
      runbook: 'provider-down',
      says: 'Recorded answers stand in for providers that fail',
      metric: sum('DegradedAnswers', HOUR),
      threshold: alarms.degradedAnswersPerHour,
    },
    {
      id: 'audit-verification',
      runbook: 'audit-verification',
      says: 'A log or a digest is not what was written and signed',
      metric: sum('VerificationFailures'),
      threshold: 1,
    },
    {
      id: 'telemetry-writes',
      runbook: 'telemetry-write-failed',
      says: 'Rows of telemetry could not be written; the reconciler tries again',
      metric: sum('TelemetryWriteFailed'),
      threshold: 1,
    },
    {
      id: 'history-events',
      runbook: 'history-events',
      says: 'An execution comes near the 25,000 events at which Step Functions ends it',
      metric: most('HistoryEvents'),
      threshold: HISTORY_LIMIT,
    },
  ];
};

/** Every alarm of an environment, and to whom it belongs where that is one function. */
export const alarmSpecs = (watched: Watched): { spec: AlarmSpec; owner: HandlerFunction | null }[] => [
  ...[...watched.machines.flatMap((one) => ofMachine(watched, one)), ...watched.queues.map(ofQueue), ...ofJobs(watched)].map((spec) => ({
    spec,
    owner: null,
  })),
  ...watched.handlers.flatMap((owner) => ofFunction(watched, owner).map((spec) => ({ spec, owner }))),
];
