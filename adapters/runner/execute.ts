import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { asError } from '../../contracts/errors.ts';
import type { Clock } from '../../contracts/ports.ts';
import type { Check, RunnerRequest, RunnerResult, SmokeReport } from '../../contracts/runner.ts';
import { sha256Hex } from '../../functions/lib/hash.ts';
import { redact } from '../../functions/lib/redaction.ts';
import { type Verdict, verdictOf, withSmoke } from '../../functions/lib/runner/outcome.ts';
import { createCapture } from './capture.ts';
import { readCheck } from './contract.ts';
import { notRun } from './not-run.ts';
import { type CommandEnd, runCommand } from './run-command.ts';
import { smoke } from './smoke.ts';

export type Execution = {
  /** Folder of the repository. */
  checkout: string;
  /** What a contract may pass on to its command. */
  variables: Readonly<Record<string, string>>;
  secrets: readonly string[];
  clock: Clock;
  /** Tells runs apart that share a machine. */
  scope: string;
  signal?: AbortSignal;
};

const ALWAYS = ['PATH', 'HOME', 'LANG', 'TMPDIR'];

/** A folder inside the checkout, also where links lead. */
const folderOf = async (checkout: string, cwd: string): Promise<string> => {
  const root = await realpath(checkout);
  const folder = await realpath(join(root, cwd));
  if (folder !== root && !folder.startsWith(root + sep)) throw new Error(`the folder ${cwd} leads out of the repository`);
  return folder;
};

const start = async (check: Check, { prefix }: RunnerRequest, execution: Execution): Promise<CommandEnd> => {
  const { variables, signal, scope } = execution;
  const names = [...ALWAYS, ...check.env];
  try {
    return await runCommand({
      argv: check.command,
      cwd: await folderOf(execution.checkout, check.cwd),
      env: {
        NO_COLOR: '1',
        ...Object.fromEntries(names.flatMap((name) => (variables[name] === undefined ? [] : [[name, variables[name]]]))),
      },
      seconds: check.timeout_seconds,
      mark: sha256Hex(`${scope}\n${prefix}`).slice(0, 32),
      signal,
    });
  } catch (thrown) {
    return { ending: { kind: 'spawn_failed', message: asError(thrown).message }, capture: createCapture() };
  }
};

/** One attempt at a check, here and now. Never throws. */
export const executeCheck = async (request: RunnerRequest, execution: Execution): Promise<RunnerResult> => {
  const { purpose, repository, attempt } = request;
  const found = await readCheck(execution.checkout, purpose);
  if ('problem' in found) return notRun(request, `${repository}: ${found.problem}`);
  const { check } = found;

  const at = execution.clock().toISOString();
  const began = performance.now();
  const { ending, capture } = await start(check, request, execution);
  let verdict: Verdict = verdictOf(ending);
  let seen: SmokeReport | null = null;
  if (check.smoke && verdict.result === 'PASS') {
    seen = await smoke(check.smoke, execution.variables);
    verdict = withSmoke(verdict, check.smoke, seen);
  }
  const clean = (text: string): string => redact(text, { secrets: execution.secrets }).text;
  return {
    ...{ schema_version: 'runner_result_v1', purpose, repository, attempt, at },
    command: check.command.map(clean),
    duration_ms: Math.round(performance.now() - began),
    output: capture.end(execution.secrets),
    smoke: seen && { ...seen, probes: seen.probes.map((probe) => ({ ...probe, problem: probe.problem && clean(probe.problem) })) },
    ...('message' in verdict ? { ...verdict, message: clean(verdict.message) } : verdict),
  };
};
