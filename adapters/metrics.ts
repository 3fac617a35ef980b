import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Env } from './env.ts';

/** What functions count and measure, by name. Sums, but for the three that are how things stand. */
export const METRICS = {
  /** Events that somebody else's event was faster than. */
  AppendConflicts: MetricUnit.Count,
  /** Answers that a recording gave because providers failed. */
  DegradedAnswers: MetricUnit.Count,
  /** What model calls were billed, in USD. */
  LlmSpend: MetricUnit.NoUnit,
  /** Of one job, when it ends: what its model calls were billed, in USD. */
  JobLlmSpend: MetricUnit.NoUnit,
  /** Logs or digests that are not what was written and signed. */
  VerificationFailures: MetricUnit.Count,
  /** Jobs whose telemetry could not be written now; the reconciler tries again. */
  TelemetryWriteFailed: MetricUnit.Count,
  /** How long the oldest open question waits. */
  OldestApprovalAge: MetricUnit.Seconds,
  /** How far the projection was behind the log. */
  ProjectionLag: MetricUnit.Seconds,
  /** Events in the history of an execution that goes on; it ends at 25,000. */
  HistoryEvents: MetricUnit.Count,
  /** Tasks that were done, by state: the funnel. */
  StatesDone: MetricUnit.Count,
} as const;
export type MetricName = keyof typeof METRICS;

export const METRIC_NAMESPACE = 'Holdpoint';

/** Dimensions are the environment and, for the funnel, the state: few values, and never a job. */
export type Meter = {
  /** `jobId` is written beside the value, for whoever asks which job it was. */
  add(name: Exclude<MetricName, 'StatesDone'>, value: number, jobId?: string): void;
  done(state: string): void;
  /** Writes what one invocation found, as one line that carries its execution's name. */
  flush(correlationId: string | null): void;
};

const SILENT: Meter = { add: () => undefined, done: () => undefined, flush: () => undefined };

/** Sink for the lines; default: standard output, which Lambda hands to CloudWatch. */
export type Print = (line: string) => void;

/** CloudWatch reads metrics out of such lines: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
export const createMeter = (env: Pick<Env, 'HOLDPOINT_METRICS' | 'HOLDPOINT_ENV'>, print?: Print): Meter => {
  if (env.HOLDPOINT_METRICS === 'off') return SILENT;
  const metrics = () => {
    const made = new Metrics({ namespace: METRIC_NAMESPACE });
    // Its default would be a dimension of its own, the same everywhere.
    made.clearDefaultDimensions();
    return made.addDimension('environment', env.HOLDPOINT_ENV);
  };
  const write = (filled: Metrics, correlationId: string | null): void => {
    if (correlationId !== null) filled.addMetadata('correlation_id', correlationId);
    const line = JSON.stringify(filled.serializeMetrics());
    if (print) print(line);
    else process.stdout.write(`${line}\n`);
  };
  let found: [Exclude<MetricName, 'StatesDone'>, number][] = [];
  let states: string[] = [];
  let jobs = new Set<string>();
  return {
    add: (name, value, jobId) => {
      found.push([name, value]);
      if (jobId !== undefined) jobs.add(jobId);
    },
    done: (state) => void states.push(state),
    flush: (correlationId) => {
      const [values, done, of] = [found, states, jobs];
      [found, states, jobs] = [[], [], new Set()];
      for (const state of done) {
        const one = metrics().addDimension('state', state);
        one.addMetric('StatesDone', METRICS.StatesDone, 1);
        write(one, correlationId);
      }
      if (values.length === 0) return;
      const all = metrics();
      for (const [name, value] of values) all.addMetric(name, METRICS[name], value);
      if (of.size > 0) all.addMetadata('job_id', [...of].join(' '));
      write(all, correlationId);
    },
  };
};
