import * as z from 'zod';
import { CostView, UNIT_NAMES, type UnitName } from '../../contracts/pricing.ts';
import { JOB_ARGUMENT, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context } from '../runner.ts';
import { clean, padEnd, padStart } from '../text.ts';

const Cost = z.looseObject({ ...CostView.shape, units: z.record(z.string(), z.number().nullable()) });
type Cost = z.infer<typeof Cost>;

const LABELS: Record<UnitName, string> = {
  transitions: 'state transitions',
  invocations: 'invocations',
  gb_seconds: 'GB-seconds',
  s3_puts: 'S3 writes and lists',
  s3_gets: 'S3 reads',
  s3_bytes_in: 'S3 bytes written',
  s3_bytes_out: 'S3 bytes read',
  write_units: 'DynamoDB write units',
  read_units: 'DynamoDB read units',
  api_requests: 'API requests',
  log_bytes: 'bytes of logs',
  signatures: 'signatures',
};

const amount = (value: number | null | undefined): string =>
  value === null || value === undefined ? 'not counted' : Number.isInteger(value) ? String(value) : value.toFixed(3);

const dollars = (usd: number): string => `$${usd.toFixed(6)}`;

const say = ({ say: line, paint }: Context, { units, usd, viewing, upkeep, not_counted }: Cost): void => {
  const rows = UNIT_NAMES.map((name): [string, string] => [LABELS[name], amount(units[name])]);
  const [label, value] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows) line(`${paint.dim(padEnd(row[0], label ?? 0))}  ${padStart(row[1], value ?? 0)}`);
  line(`${paint.dim(padEnd('on AWS', label ?? 0))}  ${paint.bold(dollars(usd))}`);
  if (viewing) line(`${paint.dim(padEnd('looking at it', label ?? 0))}  ${dollars(viewing.usd)}, not in the sum`);
  if (upkeep)
    line(`${paint.dim(padEnd('upkeep', label ?? 0))}  ${dollars(upkeep.usd)}, its share of the reconciler and of digests, not in the sum`);
  for (const what of not_counted) line(paint.dim(`not counted: ${clean(what)}`));
};

export const cost: Verb = (program, run) => {
  withCommon(
    program
      .command('cost')
      .description('show what a job came to on AWS: counted units and USD, model calls excluded')
      .argument(...JOB_ARGUMENT),
  ).action((jobId: string, options: CommonOptions) =>
    run(options, async (context) => {
      const api = await context.connect();
      const { body } = await api.call('GET', `/jobs/${jobId}/cost`, Cost);
      say(context, body);
      return { doc: body };
    }),
  );
};
