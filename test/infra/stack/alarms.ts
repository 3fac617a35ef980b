import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { ROOT } from '../../../infra/aws/bundle.ts';
import { ENVIRONMENTS } from '../../../infra/environments.ts';
import { FUNCTIONS } from '../../../infra/functions.ts';
import { type Datum, stateOf } from '../alarm-state.ts';
import { describe, test } from '../proving.ts';
import { environment, flat, ofType, type Properties, synthesized } from '../synth.ts';

const OF_MACHINE = ['executions-failed', 'executions-timed-out', 'executions-aborted', 'executions-throttled'];
const MACHINE = [...OF_MACHINE, ...OF_MACHINE.map((id) => `rollout-${id}`)];
const JOBS = [
  ...[
    'approval-age',
    'append-conflicts',
    'projection-lag',
    'llm-spend',
    'degraded-answers',
    'audit-verification',
    'telemetry-writes',
    'history-events',
  ],
  ...['reconcile-dead-letters', 'digest-dead-letters'],
];
const OF_FUNCTIONS = FUNCTIONS.flatMap(({ name }) => ['errors', 'throttles', 'duration'].map((kind) => `${name}-${kind}`));
const IDS = [...MACHINE, ...JOBS, ...OF_FUNCTIONS].sort();

export const alarmsOf = (env: string): Map<string, Properties> =>
  new Map(
    ofType(synthesized(env).service, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => [
      String(Properties['AlarmName']).slice(`holdpoint-${env}-`.length),
      Properties,
    ]),
  );

const index = readFileSync(path.join(ROOT, 'docs/runbooks/README.md'), 'utf8');

describe.each(ENVIRONMENTS)('$name', ({ name: env, alarms: thresholds }) => {
  const alarms = alarmsOf(env);
  const threshold = (id: string) => alarms.get(id)?.['Threshold'];

  test('every alarm of the bar is there, by name', () => {
    expect([...alarms.keys()].sort()).toEqual(IDS);
  });

  test('every alarm names a runbook that exists and that the index of runbooks links', () => {
    for (const [id, { AlarmDescription }] of alarms) {
      const [, page] = /docs\/runbooks\/([a-z-]+\.md)$/.exec(String(AlarmDescription)) ?? [];
      expect(page, id).toBeDefined();
      expect(existsSync(path.join(ROOT, 'docs/runbooks', String(page))), id).toBe(true);
      expect(index, id).toContain(`](${page})`);
    }
  });

  test('every alarm tells the topic of alarms when it goes off and when it is over', () => {
    for (const [id, { AlarmActions, OKActions, ActionsEnabled = true }] of alarms) {
      const topic = `arn:<AWS::Partition>:sns:us-east-1:<AWS::AccountId>:holdpoint-${env}-alarms`;
      expect(
        [AlarmActions, OKActions].flat().map((action) => flat(action).replace('arn:aws:', 'arn:<AWS::Partition>:')),
        id,
      ).toEqual([topic, topic]);
      expect(ActionsEnabled, id).toBe(true);
    }
  });

  test('thresholds are those of the environment', () => {
    expect(threshold('executions-failed')).toBe(thresholds.executionsFailedPerHour);
    expect(threshold('executions-aborted')).toBe(thresholds.executionsAbortedPerHour);
    expect(threshold('approval-age')).toBe(thresholds.approvalAgeHours * 3600);
    expect(threshold('append-conflicts')).toBe(thresholds.appendConflicts);
    expect(threshold('projection-lag')).toBe(thresholds.projectionLagSeconds);
    expect(threshold('llm-spend')).toBe(thresholds.llmUsdPerHour);
    expect(threshold('degraded-answers')).toBe(thresholds.degradedAnswersPerHour);
    expect(threshold('history-events')).toBe(20_000);
    for (const { name, timeoutSeconds } of FUNCTIONS) {
      expect(threshold(`${name}-duration`)).toBe(timeoutSeconds * 1000 * thresholds.durationShare);
      expect(threshold(`${name}-errors`)).toBe(name === 'reconcile' || name === 'digest' ? 1 : thresholds.functionErrors);
      expect(threshold(`${name}-throttles`)).toBe(1);
    }
  });

  test('no alarm looks at a job: dimensions are the environment, the machine, a function or a queue', () => {
    for (const [id, { Dimensions }] of alarms) {
      const names = (Dimensions as { Name: string }[]).map(({ Name }) => Name);
      expect(['environment', 'StateMachineArn', 'FunctionName', 'QueueName'], id).toEqual(expect.arrayContaining(names));
    }
  });
});

/** What AWS would count for the resource that an alarm looks at. */
const datum = (alarm: Properties, value: number): Datum => ({
  namespace: String(alarm['Namespace']),
  name: String(alarm['MetricName']),
  dimensions: Object.fromEntries((alarm['Dimensions'] as { Name: string; Value: unknown }[]).map(({ Name, Value }) => [Name, flat(Value)])),
  value,
});

test.each([...MACHINE, ...OF_FUNCTIONS, 'reconcile-dead-letters'])('%s goes off at its threshold, and not below it', (id) => {
  const alarm = alarmsOf('dev').get(id) ?? expect.fail(`no alarm ${id}`);
  const limit = Number(alarm['Threshold']);
  expect(stateOf(alarm, [datum(alarm, limit)])).toBe('ALARM');
  expect(stateOf(alarm, [datum(alarm, limit - 1)])).toBe('OK');
  expect(stateOf(alarm, [])).toBe('OK');
});

test('an alarm of one environment or function is not moved by another', () => {
  const [dev, prod] = ['dev', 'prod'].map((env) => alarmsOf(env).get('llm-spend') ?? expect.fail('no alarm'));
  const much = { namespace: 'Holdpoint', name: 'LlmSpend', dimensions: { environment: 'dev' }, value: 1e6 };
  expect([dev, prod].map((alarm) => stateOf(alarm ?? {}, [much]))).toEqual(['ALARM', 'OK']);
});

test('metrics that AWS counts are looked at by the names AWS gives them', () => {
  const metric = (id: string) => {
    const alarm = alarmsOf('prod').get(id);
    return [alarm?.['Namespace'], alarm?.['MetricName'], alarm?.['Statistic'] ?? alarm?.['ExtendedStatistic']];
  };
  const counted = ['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted', 'ExecutionThrottled'].map((name) => [
    'AWS/States',
    name,
    'Sum',
  ]);
  expect(MACHINE.map(metric)).toEqual([...counted, ...counted]);
  expect(['web-errors', 'web-throttles', 'web-duration', 'digest-dead-letters'].map(metric)).toEqual([
    ['AWS/Lambda', 'Errors', 'Sum'],
    ['AWS/Lambda', 'Throttles', 'Sum'],
    ['AWS/Lambda', 'Duration', 'p99'],
    ['AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'Maximum'],
  ]);
});

test('the reconciler that falls silent raises the alarm of approvals, which only it measures', () => {
  const alarm = alarmsOf('dev').get('approval-age') ?? expect.fail('no alarm');
  expect(stateOf(alarm, [])).toBe('ALARM');
  expect(environment('dev').alarms.approvalAgeHours).toBeGreaterThan(0);
});
