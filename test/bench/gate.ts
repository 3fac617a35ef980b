import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname } from 'node:path';
import { onWarmService, terminalSample, WARM_UP } from './jobs.ts';
import { WORKLOADS, type Workload } from './service.ts';
import { type Figure, percentiles, say } from './stats.ts';

/** Milliseconds that must not be exceeded. */
const LIMITS = { p95_ms: 80, p99_ms: 150 } as const;

export type GateOptions = { samples: number; seed: number; rawOutput: string | undefined; report: string | undefined };

export type Judged = Figure & ReturnType<typeof percentiles> & { verdict: 'PASS' | 'FAIL' };

/** mulberry32: small, seeded, and good enough to spread arrivals. */
const random = (seed: number) => {
  let state = seed >>> 0;
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Jobs come apart by up to this, in ms, so that they meet the rounds of reconciler and digests at every phase. */
const SPREAD_MS = 25;

export const judge = (what: string, samples: readonly number[]): Judged => {
  const found = percentiles(samples);
  const verdict = found.p95_ms <= LIMITS.p95_ms && found.p99_ms <= LIMITS.p99_ms ? 'PASS' : 'FAIL';
  return { bench: 'terminal_latency', what, n: samples.length, ...found, verdict };
};

const keep = (file: string | undefined, text: string, write: (file: string, text: string) => void): void => {
  if (file === undefined) return;
  mkdirSync(dirname(file), { recursive: true });
  write(file, text);
};

const measure = (what: Workload, { samples, seed, rawOutput }: GateOptions): Promise<Judged> =>
  onWarmService(what, async ({ web }) => {
    const next = random(seed);
    const found: number[] = [];
    for (let i = 0; i < samples; i++) {
      await new Promise((resolve) => setTimeout(resolve, next() * SPREAD_MS));
      const ms = await terminalSample(web);
      found.push(ms);
      keep(rawOutput, `${JSON.stringify({ bench: 'terminal_latency', what, i, ms: Math.round(ms * 1000) / 1000 })}\n`, appendFileSync);
    }
    return judge(what, found);
  });

const row = ({ what, n, p50_ms, p95_ms, p99_ms, verdict }: Judged): string =>
  `| ${what} | ${n} | ${p50_ms} | ${p95_ms} | ${p99_ms} | ${verdict} |`;

/** The report of a run; `machine` says what it ran on. */
export const reportOf = (judged: readonly Judged[], seed: number, machine: string): string =>
  [
    '# Terminal latency',
    '',
    'From the decision on the last approval being sent to `DONE` being visible over HTTP, on the local cloud. `sample_idea` is the reference job with',
    'its backtest and all its evidence; `chain` is eight states that do nothing of their own, with two approvals. The service is a process of its',
    `own; ${WARM_UP} jobs before the first do not count.`,
    '',
    `Limits: P95 ≤ ${LIMITS.p95_ms} ms, P99 ≤ ${LIMITS.p99_ms} ms. Seed ${seed}. ${machine}`,
    '',
    '| workload | samples | P50 ms | P95 ms | P99 ms | |',
    '| --- | --- | --- | --- | --- | --- |',
    ...judged.map(row),
    '',
    `**${judged.every(({ verdict }) => verdict === 'PASS') ? 'PASS' : 'FAIL'}**`,
    '',
  ].join('\n');

const machine = (): string =>
  `Node ${process.versions.node}, ${availableParallelism()} × ${cpus()[0]?.model.trim() || 'unknown processor'}.`;

/** Measures, judges, keeps what was asked for. @returns whether every workload passes */
export const terminalGate = async (options: GateOptions): Promise<boolean> => {
  keep(options.rawOutput, '', writeFileSync);
  const judged: Judged[] = [];
  for (const what of WORKLOADS) {
    const one = await measure(what, options);
    say(one);
    judged.push(one);
  }
  keep(options.report, reportOf(judged, options.seed, machine()), writeFileSync);
  return judged.every(({ verdict }) => verdict === 'PASS');
};
