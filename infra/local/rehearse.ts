import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type BuildFolder, buildFolder, NoSuchBuild } from './rehearsal/folder.ts';
import { carryOn, park, type Verdict } from './rehearsal/rehearsal.ts';
import { DoesNotStart } from './rehearsal/running.ts';

// Rehearses an upgrade: parks jobs at every hold on the old build, puts the new one in its place, decides, and reports.

const BAD = 1;
const USAGE = 2;

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const { values } = parseArgs({
  options: { from: { type: 'string', default: 'HEAD~' }, to: { type: 'string', default: ROOT }, json: { type: 'boolean', default: false } },
});

const say = (line: string): void => {
  (values.json ? process.stderr : process.stdout).write(`${line}\n`);
};

const NAME_WIDTH = 40;

const sayVerdict = ({ hold, job_id, outcome, how, why }: Verdict): void =>
  say(`${why === null ? 'ok  ' : 'FAIL'}  ${hold.padEnd(NAME_WIDTH)} job ${job_id}  ${why ?? `${outcome}, ${how}`}`);

const rehearse = async (old: BuildFolder, next: BuildFolder, dataDir: string): Promise<boolean> => {
  say(`old   ${old.label}`);
  say(`new   ${next.label}`);
  const { parked, missed } = await park(old.folder, dataDir);
  for (const { hold, why } of missed) say(`skip  ${hold.name.padEnd(NAME_WIDTH)} the old build does not come there: ${why}`);
  say(`${parked.length} jobs wait; the new build takes over`);
  const verdicts = await carryOn(next.folder, dataDir, parked);
  for (const verdict of verdicts) sayVerdict(verdict);
  const stranded = verdicts.filter(({ why }) => why !== null);
  const ok = stranded.length === 0 && parked.length > 0;
  const skipped = missed.map(({ hold, why }) => ({ hold: hold.name, why }));
  if (values.json) process.stdout.write(`${JSON.stringify({ ok, old: old.label, new: next.label, jobs: verdicts, skipped })}\n`);
  if (ok) say(`ok: each of the ${verdicts.length} waiting jobs went on to its end`);
  else if (parked.length === 0) process.stderr.write('refused: the old build brought no job to a hold, so nothing was rehearsed\n');
  else {
    process.stderr.write(`refused: the new build strands ${stranded.length} of ${verdicts.length} waiting jobs\n`);
    process.stderr.write(
      '  next: keep what they wait for (a removed stage stays in infra/functions.ts as "retired: true"), or let them end first\n',
    );
  }
  return ok;
};

const dataDir = mkdtempSync(join(tmpdir(), 'holdpoint-rehearsal-'));
const folders: BuildFolder[] = [];
try {
  for (const name of [values.from, values.to]) folders.push(buildFolder(ROOT, name));
  const [old, next] = folders;
  if (old && next) process.exitCode = (await rehearse(old, next, dataDir)) ? 0 : BAD;
} catch (error) {
  const known = error instanceof NoSuchBuild || error instanceof DoesNotStart;
  process.stderr.write(`error: ${known ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = error instanceof NoSuchBuild ? USAGE : BAD;
} finally {
  for (const folder of folders) folder.remove();
  rmSync(dataDir, { recursive: true, force: true });
}
