export type Figure = { bench: string; n: number } & Record<string, string | number | boolean | null>;

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;

const round = (value: number): number => Math.round(value * 1000) / 1000;

/** Nearest-rank percentiles of samples in ms. */
export const percentiles = (samples: readonly number[]): { p50_ms: number; p95_ms: number; p99_ms: number } => {
  const sorted = samples.toSorted((a, b) => a - b);
  return { p50_ms: round(at(sorted, 0.5)), p95_ms: round(at(sorted, 0.95)), p99_ms: round(at(sorted, 0.99)) };
};

export const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};

/** Runs `work` n times in a row and gives each one's time in ms. */
export const series = async (n: number, work: (i: number) => Promise<unknown>): Promise<number[]> => {
  const samples: number[] = [];
  for (let i = 0; i < n; i++) samples.push(await timed(() => work(i)));
  return samples;
};

export const say = (figure: Figure): void => void process.stdout.write(`${JSON.stringify(figure)}\n`);
