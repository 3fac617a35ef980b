import { withQuery } from '../api.ts';
import { parseRunId, type Verb, withCommon } from '../options.ts';
import type { CommonOptions } from '../runner.ts';
import { clean, padEnd } from '../text.ts';
import { Metrics } from '../views.ts';

/** Nested figures as dotted names: `jobs.DONE 3`. */
const flatten = (value: unknown, name = ''): [string, string][] => {
  if (value === null) return [[name, 'no data']];
  if (typeof value !== 'object') return [[name, typeof value === 'string' ? value : JSON.stringify(value)]];
  const entries = Object.entries(value);
  if (entries.length === 0) return [[name, 'none']];
  return entries.flatMap(([key, inner]) => flatten(inner, name === '' ? key : `${name}.${key}`));
};

type MetricsOptions = CommonOptions & { runId?: string };

export const metrics: Verb = (program, run) => {
  withCommon(
    program
      .command('metrics')
      .description('show the figures of the service, or of one execution')
      .option('--run-id <RUN>', 'the execution: its name, as events carry it', parseRunId),
  ).action((options: MetricsOptions) =>
    run(options, async (context) => {
      const api = await context.connect();
      const { body } = await api.call('GET', withQuery('/metrics', { run_id: options.runId }), Metrics);
      const rows = flatten(body).map(([name, value]): [string, string] => [clean(name), clean(value)]);
      const column = Math.max(...rows.map(([name]) => name.length));
      for (const [name, value] of rows) context.say(`${context.paint.dim(padEnd(name, column))}  ${value}`);
      return { doc: body };
    }),
  );
};
