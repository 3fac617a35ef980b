import * as z from 'zod';

const count = z.number().min(0);

/** Units that AWS bills, as counted for a run, and the bytes behind them. Token costs of models are not part of it. */
export const Units = z.strictObject({
  /** States entered, plus retries. */
  transitions: count,
  invocations: count,
  gb_seconds: count,
  /** PUT, COPY, POST, LIST. */
  s3_puts: count,
  s3_gets: count,
  /** Bodies; within a region their transfer is free, and storage is a matter of time, not of the run. */
  s3_bytes_in: count,
  s3_bytes_out: count,
  /** Indexes included: a write counts once for the table and once or twice per index it changes. */
  write_units: count,
  read_units: count,
  api_requests: count,
  log_bytes: count,
  /** Asymmetric, by KMS. */
  signatures: count,
});
export type Units = z.infer<typeof Units>;
export type UnitName = keyof Units;

/** USD per unit in us-east-1, on demand: Step Functions Standard, Lambda (arm64), S3 Standard, DynamoDB, HTTP API, CloudWatch Logs, KMS. */
export const PRICES: Readonly<Record<UnitName, number>> = {
  transitions: 25e-6,
  invocations: 0.2e-6,
  gb_seconds: 1.33334e-5,
  s3_puts: 5e-6,
  s3_gets: 0.4e-6,
  s3_bytes_in: 0,
  s3_bytes_out: 0,
  write_units: 0.625e-6,
  read_units: 0.125e-6,
  api_requests: 1e-6,
  log_bytes: 0.5e-9,
  signatures: 15e-6,
};

export const UNIT_NAMES: readonly UnitName[] = Units.keyof().options;

const NONE: Units = {
  ...{ transitions: 0, invocations: 0, gb_seconds: 0, s3_puts: 0, s3_gets: 0, s3_bytes_in: 0, s3_bytes_out: 0 },
  ...{ write_units: 0, read_units: 0, api_requests: 0, log_bytes: 0, signatures: 0 },
};

// Every request is added up: no parsing here.
const each = (of: (name: UnitName) => number): Units => {
  const units = { ...NONE };
  for (const name of UNIT_NAMES) units[name] = of(name);
  return units;
};

export const NO_UNITS: Units = NONE;

/** Sum over units × price. */
export const usd = (units: Units): number => UNIT_NAMES.reduce((sum, name) => sum + units[name] * PRICES[name], 0);

/** Some of the units; what is left out is none. */
export type SomeUnits = { [N in UnitName]?: number | undefined };

export const plus = (a: Units, b: SomeUnits): Units => each((name) => a[name] + (b[name] ?? 0));

export const times = (units: Units, factor: number): Units => each((name) => units[name] * factor);

/**
 * What a job came to. `job` is what its execution, its submission and its decisions used; `viewing` what people used who looked at
 * it; `upkeep` its share of the reconciler and of digests, which depends on time. Only `job` is in `usd`.
 */
export const CostView = z.strictObject({
  job_id: z.string(),
  /** `requests`: every request was counted where it arrived. `log`: what the job's events tell; the least it can have been. */
  counted_by: z.enum(['requests', 'log']),
  usd: z.number(),
  units: z.record(Units.keyof(), z.number().nullable()),
  viewing: z.strictObject({ usd: z.number(), units: Units }).nullable(),
  upkeep: z.strictObject({ usd: z.number(), units: Units }).nullable(),
  /** What `units` leaves out, in words. */
  not_counted: z.array(z.string()),
});
export type CostView = z.infer<typeof CostView>;
