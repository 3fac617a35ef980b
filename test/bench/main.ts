import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { coldFigures } from './cold.ts';
import { floor } from './floor.ts';
import { terminalGate } from './gate.ts';
import { chainFigures, costPerJob, jobFigures } from './jobs.ts';
import { type Figure, say } from './stats.ts';
import { appendFigures, listFigures } from './stores.ts';
import { telemetryFigures } from './telemetry.ts';

// Prints one JSON line per figure: all of them, or those of one group. `terminal_latency` by name is judged: exit 1 on FAIL.

const USAGE = 2;

const GROUPS: Readonly<Record<string, () => Figure[] | Promise<Figure[]>>> = {
  floor,
  jobs: () => jobFigures(40),
  chain: () => chainFigures(40),
  cost_per_job: costPerJob,
  append_event: () => appendFigures(200),
  list_jobs: () => listFigures(200),
  telemetry_sql: () => telemetryFigures(10),
  cold_start: () => coldFigures(3),
};

const whole = (text: string, name: string): number => {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${name} is ${text}; a whole number from 1 is needed`);
  return Number(text);
};

const run = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      samples: { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
      'raw-output': { type: 'string' },
      report: { type: 'string' },
    },
  });
  const [name, ...more] = positionals;
  if (more.length > 0 || (name !== undefined && name !== 'terminal_latency' && !Object.hasOwn(GROUPS, name))) {
    throw new Error(`"${positionals.join(' ')}" is no benchmark; there are terminal_latency, ${Object.keys(GROUPS).join(', ')}`);
  }
  if (name === 'terminal_latency') {
    const [samples, seed] = [whole(values.samples, 'samples'), whole(values.seed, 'seed')];
    const passed = await terminalGate({ samples, seed, rawOutput: values['raw-output'], report: values.report });
    return passed ? 0 : 1;
  }
  for (const [group, figures] of Object.entries(GROUPS))
    if (name === undefined || name === group) for (const one of await figures()) say(one);
  return 0;
};

// Where `holdpoint up` keeps its data too: a temporary folder may be memory, or a busy part of the disk.
mkdirSync('.holdpoint', { recursive: true });
const folder = mkdtempSync(resolve('.holdpoint/bench-'));
process.env['TMPDIR'] = folder;
try {
  process.exitCode = await run();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = USAGE;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
// A closed cloud leaves behind the timers of jobs that wait in it: they last for days, and would keep the process.
process.exit();
