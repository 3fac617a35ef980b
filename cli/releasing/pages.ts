import type { StageEvidence } from '../../contracts/rollout.ts';
import { SMOKE_CHECKS, type SmokeResult } from '../../contracts/smoke.ts';
import { clean } from '../text.ts';
import type { WayBack } from './dry-run.ts';
import type { Evidence } from './evidence.ts';
import type { Rehearsed } from './rehearse.ts';

/** One line of the gate. */
export type Gate = { what: string; ok: boolean; found: string };

export type Findings = {
  version: string;
  smoke: SmokeResult;
  stage: StageEvidence | null;
  evidence: Evidence;
  ways: WayBack[];
  rehearsal: Rehearsed[];
  gates: Gate[];
};

const cell = (text: string): string => clean(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n');
const page = (...parts: string[]): string => `${parts.join('\n\n')}\n`;
const word = (ok: boolean): string => (ok ? 'PASS' : 'FAIL');
const code = (text: string): string => `\`${text}\``;

const headOf = ({ version, smoke: { env, rollout, at } }: Findings): string =>
  table(['environment', 'version', 'rollout', 'at'], [[env, version, rollout ?? 'none could be opened', at]]);

/** What was tested, and what came of it. */
export const testReport = (found: Findings): string => {
  const { smoke, stage, evidence, gates } = found;
  const { checks } = evidence;
  const ran =
    checks && checks.result !== 'NOT_RUN'
      ? table(
          ['command', 'result', 'exit code', 'ms'],
          [[checks.command.join(' '), checks.result, String(checks.exit_code), String(checks.duration_ms)]],
        )
      : 'The checks of the project were not run by a machine here.';
  return page(
    '# Test report',
    headOf(found),
    `## Verdict: ${word(gates.every(({ ok }) => ok))}`,
    table(
      ['gate', 'verdict', 'found'],
      gates.map(({ what, ok, found: said }) => [what, word(ok), said]),
    ),
    `## Smoke: ${smoke.verdict}`,
    table(
      ['check', 'what must hold', 'verdict', 'found'],
      smoke.checks.map(({ id, verdict, reason }) => [id, SMOKE_CHECKS[id], verdict, reason]),
    ),
    '## Core tests',
    ran,
    '## Canaries of stage 0',
    stage
      ? table(
          ['criterion', 'found', 'limit', 'verdict'],
          stage.criteria.map(({ id, value, limit, verdict }) => [id, String(value), String(limit.stop), verdict]),
        )
      : 'No stage was judged.',
  );
};

/** Facts that somebody else can look at again. */
export const acceptanceEvidence = (found: Findings): string => {
  const { smoke, stage, evidence } = found;
  const { rollout } = smoke;
  const canaries = stage?.canaries ?? [];
  const again = rollout === null ? [] : [`holdpoint timeline ${rollout}`, `holdpoint verify ${rollout}`];
  return page(
    '# Acceptance evidence',
    headOf(found),
    '## Jobs',
    table(
      ['job', 'what', 'outcome'],
      [
        ...(rollout === null ? [] : [[rollout, 'rollout, stage 0', smoke.verdict]]),
        ...canaries.map(({ job_id, outcome }) => [job_id, 'canary', outcome ?? 'none']),
      ],
    ),
    '## Logs',
    'Each as it stood when the gate looked. `verify` gives the same head, or the log is another.',
    table(
      ['log', 'events', 'signed through', 'head'],
      evidence.logs.map(({ job_id, events, signed_through, head }) => [job_id, String(events), String(signed_through), head ?? 'none']),
    ),
    '## Files of the rollout',
    table(
      ['file', 'bytes', 'sha256'],
      evidence.files.map(({ path, bytes, sha256 }) => [path, String(bytes), sha256]),
    ),
    '## Look again',
    ['```sh', ...again, 'holdpoint verify --all', 'holdpoint cassette check --fixtures', 'holdpoint regress', '```'].join('\n'),
  );
};

/** Every way back: what it would change here, and whether it worked where it was taken. */
export const rollbackDryRun = (found: Findings): string => {
  const { ways, rehearsal } = found;
  return page(
    '# Rollback dry run',
    headOf(found),
    '## What each way back would change here',
    'Computed by the code that takes it, from the flags as they are. Nothing was written.',
    table(
      ['way back', 'flags it would change'],
      ways.map(({ way, changes, refused }) => [
        code(way),
        refused ?? (changes.length === 0 ? 'none: it is so already' : changes.join(', ')),
      ]),
    ),
    '## Rehearsed',
    'On a local cloud of its own, thrown away afterwards: a rollout at stage 2, jobs in flight, the kill switch, a rollback, the release.',
    rehearsal.length === 0
      ? 'Left out, as `--no-rehearsal` asks.'
      : table(
          ['rule', 'verdict', 'found'],
          rehearsal.map(({ rule, ok, found: said }) => [rule, word(ok), said]),
        ),
  );
};
