import * as z from 'zod';
import { asError } from '../../contracts/errors.ts';
import type { SmokeContract, SmokeReport } from '../../contracts/runner.ts';

type Probe = SmokeReport['probes'][number];

const PATHS = ['/healthz', '/status', '/queue'] as const;
const Queue = z.object({ serial_gate: z.enum(['open', 'closed']) });

const causeOf = (thrown: unknown): string => {
  const error = asError(thrown);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
};

const get = async (base: string, path: string, seconds: number): Promise<{ probe: Probe; body: unknown }> => {
  try {
    const response = await fetch(new URL(path, base), { redirect: 'manual', signal: AbortSignal.timeout(seconds * 1000) });
    const text = await response.text();
    if (response.status !== 200) return { probe: { path, status: response.status, problem: null }, body: null };
    try {
      return { probe: { path, status: 200, problem: null }, body: JSON.parse(text) };
    } catch {
      return { probe: { path, status: 200, problem: 'HTTP 200 without JSON' }, body: null };
    }
  } catch (thrown) {
    return { probe: { path, status: null, problem: causeOf(thrown) }, body: null };
  }
};

/** Looks at a running Holdpoint, and changes nothing there. Never throws. */
export const smoke = async (contract: SmokeContract, variables: Readonly<Record<string, string>>): Promise<SmokeReport> => {
  const base = variables[contract.url_env];
  if (!base || !URL.canParse(base)) {
    const problem = `the variable ${contract.url_env} ${base ? 'is not an address' : 'is not set'}`;
    return { probes: [{ path: PATHS[0], status: null, problem }], serial_gate: null };
  }
  const answers = await Promise.all(PATHS.map((path) => get(base, path, contract.timeout_seconds)));
  const queue = Queue.safeParse(answers.at(-1)?.body);
  const probes = answers.map(({ probe }) =>
    probe.path === '/queue' && probe.status === 200 && !queue.success ? { ...probe, problem: 'HTTP 200 without a serial_gate' } : probe,
  );
  return { probes, serial_gate: queue.success ? queue.data.serial_gate : null };
};
