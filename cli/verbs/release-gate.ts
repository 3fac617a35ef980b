import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { SmokeCheckId, SmokeResult } from '../../contracts/smoke.ts';
import { SHIPPED } from '../cassette/folder.ts';
import { EXIT, usage } from '../exit.ts';
import { writeOutput } from '../files.ts';
import { parseEnvironment, parseTimeout, type Verb, withCommon } from '../options.ts';
import { waysBack } from '../releasing/dry-run.ts';
import { gatherEvidence } from '../releasing/evidence.ts';
import { acceptanceEvidence, type Findings, type Gate, rollbackDryRun, testReport } from '../releasing/pages.ts';
import { type Rehearsed, rehearse } from '../releasing/rehearse.ts';
import type { CommonOptions, Context, Result } from '../runner.ts';
import { evidenceOf } from '../smoking/read.ts';
import { runSmoke, saySmoke } from '../smoking/smoke.ts';
import { padEnd } from '../text.ts';
import { Flags } from '../views.ts';

type Options = CommonOptions & { out: string; env?: string; timeout?: number; rehearsal: boolean };

const THIRTY_MINUTES = 1_800_000;

const PAGES = {
  'test_report.md': testReport,
  'acceptance_evidence.md': acceptanceEvidence,
  'rollback_dry_run.md': rollbackDryRun,
} as const;

/** What a release may not leave open: here `skipped` is no pass. */
const REQUIRED: readonly SmokeCheckId[] = ['core_tests', 'logs', 'canary', 'fixtures'];

const required = ({ checks }: SmokeResult, id: SmokeCheckId): Gate => {
  const check = checks.find((one) => one.id === id);
  return { what: id, ok: check?.verdict === 'ok', found: check?.reason ?? 'it was not looked at' };
};

const gatesOf = (smoke: SmokeResult, rehearsal: readonly Rehearsed[], rehearsed: boolean): Gate[] => {
  const broken = rehearsal.filter(({ ok }) => !ok);
  const found = broken.length > 0 ? broken.map(({ rule, found: said }) => `${rule}: ${said}`).join('; ') : `${rehearsal.length} rules hold`;
  return [
    { what: 'smoke', ok: smoke.verdict === 'GO', found: smoke.verdict === 'GO' ? 'GO' : 'NO-GO' },
    ...REQUIRED.map((id) => required(smoke, id)),
    ...(rehearsed ? [{ what: 'rollback', ok: rehearsal.length > 0 && broken.length === 0, found }] : []),
  ];
};

const write = async (out: string, found: Findings): Promise<void> => {
  const folder = resolve(out);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw usage(`${folder} cannot be made: ${error instanceof Error ? error.message : String(error)}`, 'name another folder with --out');
  });
  for (const [name, render] of Object.entries(PAGES)) await writeOutput(join(folder, name), render(found));
};

const runGate = async (context: Context, { out, env, timeout = THIRTY_MINUTES, rehearsal: wanted }: Options): Promise<Result> => {
  const { say, paint, world } = context;
  const smoked = await runSmoke(context, { env, timeoutMs: timeout, fixtures: SHIPPED });
  if ('waits' in smoked) return smoked.waits;
  const { result: smoke, events } = smoked;
  saySmoke(context, smoke);
  const api = await context.connect();
  const stage = evidenceOf(events);
  const canaries = (stage?.canaries ?? []).map(({ job_id }) => job_id);
  const evidence = smoke.rollout === null ? { logs: [], files: [], checks: null } : await gatherEvidence(api, smoke.rollout, canaries);
  // Without its table a service has no flags to tell.
  const ways = smoke.rollout === null ? [] : waysBack((await api.call('GET', '/flags', Flags)).body);
  if (wanted) context.note('rehearsing an emergency on a local cloud of its own');
  const rehearsal = wanted ? await rehearse(world) : [];
  const gates = gatesOf(smoke, rehearsal, wanted);
  await write(out, { version: world.version, smoke, stage, evidence, ways, rehearsal, gates });
  for (const { what, ok, found } of gates) say(`${ok ? paint.green('PASS') : paint.red('FAIL')}  ${padEnd(what, 10)}  ${found}`);
  const files = Object.keys(PAGES).map((name) => join(out, name));
  say(`written: ${files.join(', ')}`);
  const failed = gates.filter(({ ok }) => !ok);
  const doc = { passed: failed.length === 0, gates, smoke, ways_back: ways, rehearsal, files };
  if (failed.length === 0) return { doc };
  return { doc, exit: EXIT.bad, reason: `the gate is closed: ${failed.map(({ what }) => what).join(', ')}`, next: `see ${files[0]}` };
};

export const releaseGate: Verb = (program, run) => {
  withCommon(
    program
      .command('release-gate')
      .description('smoke, canary, chain verification, fixtures and a rollback, with evidence files; exit 1 when any of them fails')
      .requiredOption('--out <DIR>', 'folder for test_report.md, acceptance_evidence.md and rollback_dry_run.md')
      .option('--env <ENV>', 'the environment that is meant: another one is an error', parseEnvironment)
      .option('--timeout <TIME>', 'follow no longer than this, such as 30s, 10m, 2h (default: 30m)', parseTimeout)
      .option('--no-rehearsal', 'leave the rehearsal of an emergency out: only what a rollback would change is computed'),
  ).action((options: Options) => run(options, (context) => runGate(context, options)));
};
