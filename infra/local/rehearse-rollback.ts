import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asError } from '../../contracts/errors.ts';
import { DEFAULT_ROLLOUT_RULES } from '../../contracts/rollout.ts';
import { startCloud } from './cloud.ts';
import { rehearseRollback } from './rehearsal/rollback.ts';
import { serviceAt } from './rehearsal/service.ts';

// Rehearses an emergency on a local cloud of its own, which is thrown away. Prints one JSON document per rule.

const RULES = {
  ...DEFAULT_ROLLOUT_RULES,
  stages: DEFAULT_ROLLOUT_RULES.stages.map(({ limits }) => ({ runs: 1, limits: { ...limits, runs: { stop: 1 } } })),
  look_every_seconds: 1,
};

const folder = mkdtempSync(join(tmpdir(), 'holdpoint-rollback-'));
const project = join(folder, 'holdpoint.checks.json');
// What is rehearsed is the rollback: the project's own checks have their turn in smoke.
const contract = { schema_version: 'test_contract_v1', checks: [{ purpose: 'test', command: ['node', '--version'], timeout_seconds: 60 }] };
const runner = { kind: 'child', repository: 'holdpoint', variables: {}, scope: folder, checkouts: { holdpoint: folder } };

try {
  writeFileSync(project, JSON.stringify(contract));
  const cloud = await startCloud({
    ...{ port: 0, awsPort: 0, dataDir: join(folder, 'data'), simulate: {}, report: () => undefined },
    environment: { HOLDPOINT_ROLLOUT_RULES: JSON.stringify(RULES), HOLDPOINT_RUNNER: JSON.stringify(runner) },
  });
  try {
    const slowModels = (delayMs: number) => cloud.simulator?.setFaults([{ kind: 'slow', delayMs, times: Number.POSITIVE_INFINITY }]);
    const done = await rehearseRollback(serviceAt(cloud.web), { slowModels });
    for (const one of done) process.stdout.write(`${JSON.stringify(one)}\n`);
    process.exitCode = done.every(({ ok }) => ok) ? 0 : 1;
  } finally {
    await cloud.close();
  }
} catch (error) {
  process.stdout.write(`${JSON.stringify({ rule: 'the rehearsal runs to its end', ok: false, found: asError(error).message })}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
// Jobs that still wait have timers that would keep the process for days.
process.exit();
