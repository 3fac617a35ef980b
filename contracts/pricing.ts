/** Units that AWS bills, as counted for a run. Token costs of models are not part of it. */
export type Units = {
  /** States entered, plus retries. */
  transitions: number;
  invocations: number;
  gb_seconds: number;
  /** PUT, COPY, POST, LIST. */
  s3_puts: number;
  s3_gets: number;
  write_units: number;
  read_units: number;
};

/** USD per unit in us-east-1, on demand: Step Functions Standard, Lambda (arm64), S3 Standard, DynamoDB. */
export const PRICES: Record<keyof Units, number> = {
  transitions: 25e-6,
  invocations: 0.2e-6,
  gb_seconds: 1.33334e-5,
  s3_puts: 5e-6,
  s3_gets: 0.4e-6,
  write_units: 0.625e-6,
  read_units: 0.125e-6,
};

export const NO_UNITS: Units = { transitions: 0, invocations: 0, gb_seconds: 0, s3_puts: 0, s3_gets: 0, write_units: 0, read_units: 0 };

const NAMES = Object.keys(PRICES).filter((name): name is keyof Units => name in NO_UNITS);

/** Sum over units × price. */
export const usd = (units: Units): number => NAMES.reduce((sum, name) => sum + units[name] * PRICES[name], 0);

export const minus = (a: Units, b: Units): Units => {
  const difference = { ...NO_UNITS };
  for (const name of NAMES) difference[name] = a[name] - b[name];
  return difference;
};
