import { RunnerDeferred } from '../../contracts/errors.ts';
import { RUNNER_ATTEMPTS, RUNNER_STATES, type RunnerPurpose, RunnerResult } from '../../contracts/runner.ts';
import { defineStage, type RunnerEffects, type StageEffects } from '../../contracts/stage.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { json } from '../lib/decode.ts';
import { refusalOf } from '../lib/runner/gate.ts';
import { type AgreedResult, agreedResult, renderReport } from '../lib/runner/report.ts';

type Once = NonNullable<StageEffects['once']>;
type Place = { purpose: RunnerPurpose; repository: string; folder: string };
type Tools = { runner: RunnerEffects; once: Once };

const read = json(RunnerResult);

const purposeOf = (state: string): RunnerPurpose => {
  const purpose = RUNNER_STATES[state];
  if (purpose) return purpose;
  throw new Error(`state "${state}" runs no check; states that do are ${Object.keys(RUNNER_STATES).join(', ')} (contracts/runner.ts)`);
};

/** One attempt, kept before anything is made of it. `fresh` for the invocation that made it. */
const attempt = async ({ purpose, repository, folder }: Place, number: number, { runner, once }: Tools) => {
  const path = `${folder}/attempt-${number}`;
  let fresh = false;
  const text = await once(`${path}.json`, async () => {
    fresh = true;
    return canonicalJson(await runner.run({ purpose, repository, attempt: number, path }));
  });
  return { result: read(text), fresh };
};

/** Attempts until one gives a verdict or none is left: then the last one stands. */
const attempts = async (place: Place, tools: Tools): Promise<RunnerResult> => {
  for (let number = 1; ; number++) {
    const { result, fresh } = await attempt(place, number, tools);
    if (result.result !== 'DEFER' || number === RUNNER_ATTEMPTS) return result;
    // The pause between attempts is the machine's.
    if (fresh) throw new RunnerDeferred(`attempt ${number} of ${RUNNER_ATTEMPTS} gave no verdict: ${result.message}`);
  }
};

const decide = async (place: Place, tools: Tools): Promise<RunnerResult> => {
  const { purpose, repository } = place;
  const refusal = refusalOf(await tools.runner.allowed(), purpose, repository, tools.runner.repository);
  if (!refusal) return attempts(place, tools);
  return { schema_version: 'runner_result_v1', purpose, repository, attempt: 0, result: 'NOT_RUN', ...refusal };
};

// What leaves the stage is text of these tables: a test proves it of everything that control flow reads.
const WORDS = { PASS: 'PASS', FAIL: 'FAIL', DEFER: 'DEFER', NOT_RUN: 'NOT_RUN' } as const;
const ROUTES = { PASS: 'pass', FAIL: 'fail', DEFER: 'human', NOT_RUN: 'human' } as const;
const REASONS = {
  none: 'none',
  exit_code: 'exit_code',
  smoke: 'smoke',
  spawn_failed: 'spawn_failed',
  timeout: 'timeout',
  aborted: 'aborted',
  signal: 'signal',
  exit_75: 'exit_75',
  missing_result: 'missing_result',
  smoke_unanswered: 'smoke_unanswered',
  serial_gate: 'serial_gate',
  report_disagrees: 'report_disagrees',
  disabled: 'disabled',
  out_of_scope: 'out_of_scope',
  no_contract: 'no_contract',
} as const;

const judged = (agreed: AgreedResult): { word: keyof typeof WORDS; why: keyof typeof REASONS } => {
  if (!agreed.agreed) return { word: 'DEFER', why: 'report_disagrees' };
  const { result } = agreed;
  return { word: result.result, why: 'reason' in result ? result.reason : 'none' };
};

/** Runs a command instead of asking a model. The state says for what purpose; a fact `repository` of an earlier state on what. */
export const runner = defineStage({
  reads: {},
  run: async ({ state, visit, facts }, { runner: effects, once }) => {
    if (!effects || !once) throw new Error(`state "${state}" was given no runner; it comes with the world of adapters/world.ts`);
    const tools = { runner: effects, once };
    const purpose = purposeOf(state);
    const folder = `outputs/runner/${purpose}/${visit}`;
    const repository = typeof facts['repository'] === 'string' ? facts['repository'] : effects.repository;

    const resultPath = `${folder}/runner_result_v1.json`;
    const reportPath = `${folder}/report.md`;
    const resultText = await once(resultPath, async () => canonicalJson(await decide({ purpose, repository, folder }, tools)));
    const report = await once(reportPath, async () => renderReport(read(resultText), resultText));
    const { word, why } = judged(agreedResult(resultText, report));
    const artifacts = [
      { name: `${purpose}_result`, path: resultPath, body: resultText, content_type: 'application/json' },
      { name: `${purpose}_report`, path: reportPath, body: report, content_type: 'text/markdown; charset=utf-8' },
    ];
    if (purpose === 'staging') {
      return {
        artifacts,
        event: null,
        facts: { staging_status: WORDS[word], staging_reason: REASONS[why] },
        route: { runner: ROUTES[word] },
      };
    }
    return { artifacts, event: null, facts: { test_status: WORDS[word], test_reason: REASONS[why] }, route: { runner: ROUTES[word] } };
  },
});
