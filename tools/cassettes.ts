import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { Blueprint } from '../contracts/blueprint.ts';
import { GateReport } from '../contracts/gate-report.ts';
import type { ResearchJob } from '../contracts/job-spec.ts';
import { Cassette, type ModelRequest } from '../contracts/llm.ts';
import { intentQuestion } from '../functions/agent/intent/intent.ts';
import { INTENT } from '../functions/agent/intent/prompt.ts';
import { REPORT } from '../functions/agent/report/prompt.ts';
import { reportQuestion, shadowSubject } from '../functions/agent/report/report.ts';
import { compileBlueprint } from '../functions/compile/compile.ts';
import { gates } from '../functions/gates/gates.ts';
import { requestOf } from '../functions/lib/agent/consult.ts';
import { backtest, summarize } from '../functions/lib/backtest/backtest.ts';
import { decodeBars } from '../functions/lib/bars.ts';
import { isHandWritten } from '../functions/lib/cassette/fixture.ts';
import { cassetteKey } from '../functions/lib/cassette-key.ts';
import { json } from '../functions/lib/decode.ts';
import { REDACTOR_VERSION } from '../functions/lib/redaction.ts';
import { decodeResearch } from '../functions/lib/research-spec.ts';
import { shadowQuestion } from '../functions/lib/shadow/gates.ts';
import { SHADOW } from '../functions/lib/shadow/request.ts';
import { ingest } from '../functions/lib/snapshot.ts';

// The answers are written by hand in cassettes/<agent>/<case>/expected.json. This writes the cassette.json
// beside each: the question as the agents' own code asks it for docs/examples/idea-<case>.json, and that
// answer. Recordings that were promoted stay as they are. With --check it writes nothing and fails where a file would
// change.

const root = join(import.meta.dirname, '..');
const CASSETTES = join(root, 'cassettes');
/** When the answers were written: part of every artifact that cites them, so it must not move. */
const RECORDED_AT = '2026-01-05T09:00:00.000Z';

const readText = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');

const { manifest: snapshot, body } = ingest(readText('samples/sp500-2000.csv'), { snapshot_id: 'sp500-2000', symbol: 'SPX' });
const bars = decodeBars(body);

const specOf = (name: string): ResearchJob => decodeResearch(readText('docs/examples', `idea-${name}.json`));

const intentRequest = (name: string): ModelRequest => {
  const docs = { spec: specOf(name), snapshot, intent_output: null, blueprint: null };
  return requestOf({ profile: INTENT }, intentQuestion(docs, { reason: 'first' }));
};

/** What a sample's report is written about. */
const judgedSample = async (name: string) => {
  const spec = specOf(name);
  const blueprint = json(Blueprint)(readText('cassettes/intent', name, 'expected.json'));
  const runspec = compileBlueprint({ spec, blueprint, snapshot, bars });
  const result = summarize(runspec, backtest(runspec, bars));
  const place = { job_id: '000000000000', run_id: 'run-1', state: 'Gates', visit: 1, at: RECORDED_AT, refs: {}, facts: {}, job: null };
  const ask = () => Promise.reject(new Error('gates ask no model'));
  const judged = await gates.run({ ...place, docs: { runspec, result, snapshot_data: bars } }, { ask });
  return { spec, runspec, result, gates: json(GateReport)(judged.artifacts[0]?.body ?? '') };
};

const reportRequest = async (name: string): Promise<ModelRequest> =>
  requestOf({ profile: REPORT }, reportQuestion(await judgedSample(name), { reason: 'first' }));

const shadowRequest = async (name: string): Promise<ModelRequest> =>
  requestOf({ profile: SHADOW }, shadowQuestion(shadowSubject(await judgedSample(name))));

const AGENTS: Record<string, (name: string) => ModelRequest | Promise<ModelRequest>> = {
  intent: intentRequest,
  report: reportRequest,
  shadow: shadowRequest,
};

// No tokenizer is installed; four characters a token is the usual estimate, and a fixture bills nothing.
const estimateTokens = (text: string): number => Math.ceil(text.length / 4);

const cassetteOf = (request: ModelRequest, answer: unknown): Cassette => {
  const { key, match } = cassetteKey(request);
  const text = JSON.stringify(answer, null, 2);
  const prompt_tokens = request.messages.reduce((sum, { content }) => sum + estimateTokens(content), 0);
  const completion_tokens = estimateTokens(text);
  const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
  return Cassette.parse({
    schema_version: 'cassette_v1',
    key,
    match,
    n: request.n,
    answer: { text, finish_reason: 'stop', usage, provider: 'fixture', model: 'hand-written' },
    recorded_at: RECORDED_AT,
    redactor_version: REDACTOR_VERSION,
  });
};

const readIfThere = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

/** Writes one fixture, or with `check` says whether it is as the code would write it. */
const settle = async (agent: string, name: string, check: boolean): Promise<boolean> => {
  const request = AGENTS[agent];
  if (!request) throw new Error(`cassettes/${agent}: there is no agent "${agent}"; there are ${Object.keys(AGENTS).join(', ')}`);
  const answer: unknown = JSON.parse(readText('cassettes', agent, name, 'expected.json'));
  const path = join(CASSETTES, agent, name, 'cassette.json');
  const text = `${JSON.stringify(cassetteOf(await request(name), answer), null, 2)}\n`;
  if (readIfThere(path) === text) return true;
  if (check)
    console.error(
      `cassettes/${agent}/${name}/cassette.json no longer matches the code; look at what changed, then run "node tools/cassettes.ts"`,
    );
  else {
    writeFileSync(path, text);
    console.log(`wrote cassettes/${agent}/${name}/cassette.json`);
  }
  return !check;
};

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const folders = (dir: string): string[] =>
  readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();

const wasRecorded = (agent: string, name: string): boolean => {
  const text = readIfThere(join(CASSETTES, agent, name, 'cassette.json'));
  return text !== null && !isHandWritten(json(Cassette)(text));
};

const cases = folders(CASSETTES)
  .flatMap((agent) => folders(join(CASSETTES, agent)).map((name) => ({ agent, name })))
  .filter(({ agent, name }) => !wasRecorded(agent, name));
const settled = await Promise.all(cases.map(({ agent, name }) => settle(agent, name, values.check)));
process.exitCode = settled.every(Boolean) ? 0 : 1;
