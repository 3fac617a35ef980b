import { alarm, type Breaks, GONE } from './words.ts';

const THRESHOLDS = ['executions-failed', 'executions-aborted', 'approval-age', 'append-conflicts', 'projection-lag', 'llm-spend'];
const MORE_THRESHOLDS = ['degraded-answers', 'history-events', 'web-duration', 'web-errors', 'reconcile-errors', 'web-throttles'];

export const ALARMS: Breaks = {
  'every alarm of the bar is there, by name': [
    alarm('degraded-answers', 'AlarmName', 'holdpoint-dev-degraded', ['thresholds are']),
    ['dev', 'service CloudWatch::Alarm holdpoint-dev-projection-lag', '', GONE, ['thresholds are']],
  ],
  'every alarm names a runbook that exists and that the index of runbooks links': [
    alarm('llm-spend', 'AlarmDescription', 'Much was spent.'),
    alarm('llm-spend', 'AlarmDescription', 'docs/runbooks/nobody-wrote-it.md'),
  ],
  'every alarm tells the topic of alarms when it goes off and when it is over': [
    alarm('web-errors', 'AlarmActions', GONE),
    alarm('web-errors', 'OKActions', ['arn:aws:sns:us-east-1:1:other']),
    alarm('web-errors', 'ActionsEnabled', false),
  ],
  'thresholds are those of the environment': [...THRESHOLDS, ...MORE_THRESHOLDS].map((id) => alarm(id, 'Threshold', 0.5)),
  'no alarm looks at a job: dimensions are the environment, the machine, a function or a queue': [
    alarm('degraded-answers', 'Dimensions.+', { Name: 'job_id', Value: 'x' }),
  ],
  '%s goes off at its threshold, and not below it': [
    alarm('web-errors', 'ComparisonOperator', 'GreaterThanThreshold'),
    alarm('reconcile-dead-letters', 'TreatMissingData', 'breaching'),
  ],
  'an alarm of one environment or function is not moved by another': [
    alarm('llm-spend', 'Dimensions.0.Value', 'dev', [], 'prod'),
    alarm('llm-spend', 'Dimensions.0.Value', 'prod', []),
  ],
  'metrics that AWS counts are looked at by the names AWS gives them': [
    alarm('web-throttles', 'MetricName', 'Throttled', [], 'prod'),
    alarm('rollout-executions-aborted', 'MetricName', 'ExecutionAborted', [], 'prod'),
  ],
  'the reconciler that falls silent raises the alarm of approvals, which only it measures': [
    alarm('approval-age', 'TreatMissingData', 'notBreaching'),
  ],
};
