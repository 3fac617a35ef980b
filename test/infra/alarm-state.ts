import * as z from 'zod';
import { flat, type Properties } from './synth.ts';

/** One value of a metric, as CloudWatch keeps it. */
export type Datum = { namespace: string; name: string; dimensions: Record<string, string>; value: number };

const Line = z.looseObject({
  _aws: z.object({
    CloudWatchMetrics: z.array(
      z.object({ Namespace: z.string(), Dimensions: z.array(z.array(z.string())), Metrics: z.array(z.object({ Name: z.string() })) }),
    ),
  }),
});

/** What CloudWatch reads out of lines in the embedded metric format. */
export const dataOf = (lines: readonly string[]): Datum[] =>
  lines.flatMap((line) => {
    const parsed = Line.parse(JSON.parse(line));
    return parsed._aws.CloudWatchMetrics.flatMap(({ Namespace: namespace, Dimensions, Metrics }) =>
      Metrics.flatMap(({ Name: name }) =>
        [parsed[name]].flat().flatMap((value) =>
          Dimensions.map((keys) => ({
            ...{ namespace, name, value: Number(value) },
            dimensions: Object.fromEntries(keys.map((key) => [key, String(parsed[key])])),
          })),
        ),
      ),
    );
  });

const Alarm = z.object({
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: z.unknown() })),
  Statistic: z.enum(['Sum', 'Maximum']).optional(),
  ExtendedStatistic: z.literal('p99').optional(),
  Threshold: z.number(),
  ComparisonOperator: z.literal('GreaterThanOrEqualToThreshold'),
  EvaluationPeriods: z.literal(1),
  TreatMissingData: z.enum(['notBreaching', 'breaching']),
});

const summarized = (values: number[], sum: boolean): number => (sum ? values.reduce((a, b) => a + b, 0) : Math.max(...values));

/** The state of an alarm of a template after one period with these data. Dimensions are those of the template, references as text. */
export const stateOf = (properties: Properties, data: readonly Datum[]): 'ALARM' | 'OK' => {
  const alarm = Alarm.parse(properties);
  const wanted = JSON.stringify(alarm.Dimensions.map(({ Name, Value }) => [Name, flat(Value)]).sort());
  const values = data
    .filter(({ namespace, name }) => namespace === alarm.Namespace && name === alarm.MetricName)
    .filter(({ dimensions }) => JSON.stringify(Object.entries(dimensions).sort()) === wanted)
    .map(({ value }) => value);
  if (values.length === 0) return alarm.TreatMissingData === 'breaching' ? 'ALARM' : 'OK';
  return summarized(values, alarm.Statistic === 'Sum') >= alarm.Threshold ? 'ALARM' : 'OK';
};
