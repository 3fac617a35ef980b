import { readFileSync } from 'node:fs';
import { Duration } from 'aws-cdk-lib';
import { Dashboard, GraphWidget, type IMetric, type IWidget, MathExpression, Metric, SingleValueWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import * as z from 'zod';
import { METRIC_NAMESPACE } from '../../adapters/metrics.ts';
import type { Environment } from '../environments.ts';
import { functionName, MACHINES, type MachineId, machineName } from '../names.ts';
import { ownMetric } from './alarm-specs.ts';
import type { HandlerFunction } from './handler-function.ts';

type Props = {
  readonly environment: Environment;
  readonly machines: readonly { readonly id: MachineId; readonly machine: StateMachine; readonly definition: string }[];
  readonly handlers: readonly HandlerFunction[];
};

const HOUR = Duration.hours(1);
const Machine = z.object({ States: z.record(z.string(), z.object({ Type: z.string() })) });

const graph = (title: string, left: readonly IMetric[], more: { width?: number; stacked?: boolean } = {}): IWidget =>
  new GraphWidget({ title, left: [...left], width: more.width ?? 12, height: 6, stacked: more.stacked ?? false });

/** Per transition: https://aws.amazon.com/step-functions/pricing/. States entered and retried are what a job is billed for. */
const USD_PER_TASK = 25e-6;

/** How jobs get on: the funnel, what waits, what a job costs, which versions work. */
export class JobsDashboard extends Construct {
  constructor(scope: Construct, id: string, props: Props) {
    super(scope, id);
    const { environment } = props;
    new Dashboard(this, 'Jobs', {
      dashboardName: `holdpoint-${environment.name}`,
      defaultInterval: Duration.days(1),
      widgets: [
        [graph('Funnel: tasks done per state', funnel(props), { width: 24 })],
        [approvals(environment), executions(jobMachine(props).machine)],
        [cost(props), spend(environment)],
        [executionVersions(environment), functionVersions(environment)],
        [failures(props)],
      ],
    });
  }
}

const jobMachine = ({ machines }: Props): Props['machines'][number] => {
  const found = machines.find(({ id }) => id === 'job');
  if (!found) throw new Error('the dashboard shows how jobs get on, and there is no job machine');
  return found;
};

const funnel = (props: Props): IMetric[] => {
  const { environment } = props;
  const { States } = Machine.parse(JSON.parse(readFileSync(jobMachine(props).definition, 'utf8')));
  return Object.entries(States)
    .filter(([, { Type }]) => Type === 'Task')
    .map(
      ([state]) =>
        new Metric({
          namespace: METRIC_NAMESPACE,
          metricName: 'StatesDone',
          dimensionsMap: { environment: environment.name, state },
          label: state,
          period: HOUR,
          statistic: 'Sum',
        }),
    );
};

const approvals = (environment: Environment): IWidget =>
  graph('Age of the oldest open question, s', [
    ownMetric(environment, 'OldestApprovalAge', { statistic: 'Maximum', period: Duration.minutes(15) }),
  ]);

const executions = (machine: StateMachine): IWidget =>
  graph('Executions', [
    machine.metricStarted({ period: HOUR }),
    machine.metricSucceeded({ period: HOUR }),
    machine.metricFailed({ period: HOUR }),
    machine.metricAborted({ period: HOUR }),
    machine.metricTimedOut({ period: HOUR }),
  ]);

const cost = (props: Props): IWidget => {
  const tasks = Object.fromEntries(funnel(props).map((metric, i) => [`t${i}`, metric]));
  const ended = jobMachine(props).machine.metricStarted({ period: HOUR });
  return graph('Cost per job, USD', [
    new MathExpression({
      label: 'Step Functions, per execution started',
      expression: `${USD_PER_TASK} * SUM(METRICS("t")) / IF(runs > 0, runs)`,
      usingMetrics: { ...tasks, runs: ended },
      period: HOUR,
    }),
    ownMetric(props.environment, 'JobLlmSpend', { label: 'models, per job ended', statistic: 'Average', period: HOUR }),
  ]);
};

const spend = (environment: Environment): IWidget =>
  graph('Models: USD and degraded answers, per hour', [
    ownMetric(environment, 'LlmSpend', { statistic: 'Sum', period: HOUR }),
    ownMetric(environment, 'DegradedAnswers', { statistic: 'Sum', period: HOUR }),
  ]);

const search = (label: string, expression: string): IMetric =>
  new MathExpression({ label, expression: `SEARCH('${expression}', 'Sum', 3600)`, usingMetrics: {}, period: HOUR });

/** Every dimension an execution is counted under: machine, alias and version. */
const executionVersions = (environment: Environment): IWidget =>
  graph('Executions started, by version of the machine', [
    ...MACHINES.map((id) => search('', `Namespace="AWS/States" MetricName="ExecutionsStarted" "${machineName(environment, id)}"`)),
  ]);

const functionVersions = (environment: Environment): IWidget =>
  graph(
    'Calls of the API, by version',
    [
      search(
        '',
        `{AWS/Lambda,ExecutedVersion,FunctionName,Resource} MetricName="Invocations" FunctionName="${functionName(environment, 'web')}"`,
      ),
    ],
    { stacked: true },
  );

const failures = ({ environment, handlers }: Props): IWidget =>
  new SingleValueWidget({
    title: 'Function errors, per hour; conflicts, lag, history, failed verifications',
    width: 24,
    height: 6,
    metrics: [
      ...handlers.map(({ lambda, spec }) => lambda.metricErrors({ period: HOUR, label: spec.name })),
      ownMetric(environment, 'AppendConflicts', { statistic: 'Sum', period: HOUR }),
      ownMetric(environment, 'ProjectionLag', { statistic: 'Maximum', period: HOUR }),
      ownMetric(environment, 'HistoryEvents', { statistic: 'Maximum', period: HOUR }),
      ownMetric(environment, 'VerificationFailures', { statistic: 'Sum', period: HOUR }),
    ],
  });
