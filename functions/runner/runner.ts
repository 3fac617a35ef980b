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

const ROUTES = { PASS: 'pass', FAIL: 'fail', DEFER: 'human', NOT_RUN: 'human' } as const;

const answerOf = (purpose: RunnerPurpose, agreed: AgreedResult) => {
  const name = purpose === 'staging' ? 'staging_status' : 'test_status';
  if (!agreed.agreed) return { facts: { [name]: 'DEFER', [`${purpose}_reason`]: 'report_disagrees' }, route: { runner: 'human' } };
  const { result } = agreed;
  return {
    facts: { [name]: result.result, ...('reason' in result ? { [`${purpose}_reason`]: result.reason } : {}) },
    route: { runner: ROUTES[result.result] },
  };
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
    return {
      artifacts: [
        { name: `${purpose}_result`, path: resultPath, body: resultText, content_type: 'application/json' },
        { name: `${purpose}_report`, path: reportPath, body: report, content_type: 'text/markdown; charset=utf-8' },
      ],
      event: null,
      ...answerOf(purpose, agreedResult(resultText, report)),
    };
  },
});
