import { AgentOutput, type LlmCall } from '../../../contracts/agent-evidence.ts';
import { BacktestResult } from '../../../contracts/backtest-result.ts';
import { EvidenceMismatch, PermanentError } from '../../../contracts/errors.ts';
import { GateReport } from '../../../contracts/gate-report.ts';
import type { ResearchJob } from '../../../contracts/job-spec.ts';
import { Report } from '../../../contracts/report.ts';
import { RunSpec } from '../../../contracts/runspec.ts';
import { type Artifact, defineStage, type StageOutput } from '../../../contracts/stage.ts';
import { decodeCalls, unlistedCalls } from '../../lib/agent/calls.ts';
import { type Consulted, guardFile, judgeText, keptOutput, outputFile, type Question } from '../../lib/agent/consult.ts';
import { consultInContext } from '../../lib/agent/context.ts';
import { type AgentHolds, type Errand, errandOf } from '../../lib/agent/errand.ts';
import { sumUsage, usageEvent } from '../../lib/agent/usage.ts';
import { type Visit, visitOf } from '../../lib/agent/visit.ts';
import { json } from '../../lib/decode.ts';
import { policyKeysOf, schemaIssues } from '../../lib/guard/guard.ts';
import { decodeResearch } from '../../lib/research-spec.ts';
import { type Beside, besideGates } from '../../lib/shadow/gates.ts';
import { type ReportFacts, reportFacts, supportedNumbers } from './facts.ts';
import { renderReport } from './markdown.ts';
import { REPORT, REPORT_SCHEMA, reportMessages } from './prompt.ts';
import { templateReport } from './template.ts';

const HOLDS: AgentHolds = { output: 'HoldReportOutput', work: [] };

type Documents = { spec: ResearchJob; runspec: RunSpec; result: BacktestResult; gates: GateReport };
type Drafting = Exclude<Errand, { reason: 'override' }>;

const judgeOf = ({ runspec }: Documents, facts: ReportFacts): Question['judge'] => ({
  schemaIssues: schemaIssues(Report),
  holdout: runspec.windows.holdout,
  policyKeys: policyKeysOf(runspec.policy),
  numbers: supportedNumbers(facts),
});

/** The question a visit asks, and what its answer is judged by. */
export const reportQuestion = (
  docs: Documents,
  errand: Drafting,
  previous: AgentOutput | null = null,
  carried: readonly LlmCall[] = [],
): Question => {
  const { spec, runspec, result, gates } = docs;
  if (spec.kind !== 'idea') throw new PermanentError(`the report agent writes for ideas; a ${spec.kind} job has a template`);
  const facts = reportFacts(runspec, result, gates);
  const revision =
    errand.reason !== 'revision' ? null : { comment: errand.comment, previous: previous && (previous.value ?? previous.text) };
  return {
    messages: reportMessages(spec.idea.hypothesis, facts, revision),
    output_schema: REPORT_SCHEMA,
    reason: errand.reason,
    judge: judgeOf(docs, facts),
    carried,
  };
};

/** Fixed sentences for a job without agents. The guard looks at them all the same. */
const fromTemplate = (visit: Visit, docs: Documents): Consulted => {
  const facts = reportFacts(docs.runspec, docs.result, docs.gates);
  const text = JSON.stringify(templateReport(facts), null, 2);
  const report = judgeText(visit, text, 'stop', judgeOf(docs, facts));
  const output = keptOutput(visit, text, { key: null, finish_reason: 'stop', labels: null });
  return { output, report, usage: sumUsage([]), calls: [], artifacts: [outputFile(visit, output), guardFile(visit, report)] };
};

type Finished = Pick<Consulted, 'output' | 'usage' | 'calls'> & {
  guard_status: string;
  override: { by: string } | null;
  artifacts: Artifact[];
};

/** What the gates judged, as far as an agent may see it, and how. */
export const shadowSubject = ({ runspec, result, gates }: Documents) => ({
  gates,
  facts: reportFacts(runspec, result, gates),
  judge: { holdout: runspec.windows.holdout, policyKeys: policyKeysOf(runspec.policy) },
});

const finished = (docs: Documents, { output, usage, calls, guard_status, override, artifacts }: Finished, beside?: Beside): StageOutput => {
  const facts = reportFacts(docs.runspec, docs.result, docs.gates);
  const body = renderReport({ name: docs.runspec.name, facts, output, override });
  const verdict = docs.gates.passed ? 'passed' : 'failed';
  return {
    artifacts: [
      ...artifacts,
      { name: 'report', path: 'outputs/report/report.md', body, content_type: 'text/markdown; charset=utf-8' },
      ...(beside?.artifacts ?? []),
    ],
    event: {
      event_type: 'REPORT_COMPLETED',
      message: `gates ${verdict}${override ? ' (guard overridden)' : ''}`,
      outputs: {
        ...{ gates: verdict, ...output.labels, usage, guard_status, override: override !== null },
        ...{ calls: [...calls, ...(beside?.calls ?? [])], ...beside?.outputs },
      },
    },
    route: { guard: 'passed', gates: verdict },
  };
};

const kept = (output: AgentOutput | null): AgentOutput => {
  if (output) return output;
  throw new EvidenceMismatch('an override needs the stopped output of an earlier visit, and there is none');
};

const reads = { spec: decodeResearch, runspec: json(RunSpec), result: json(BacktestResult), gates: json(GateReport) };
const optional = { report_output: json(AgentOutput), report_calls: decodeCalls };

/** Agent: metrics become a narrative. The verdict stays the gates' own. */
export const report = defineStage({
  reads,
  optional,
  folds: 'revisit',
  run: async (input, effects) => {
    const { docs } = input;
    const visit = visitOf(REPORT, input);
    const carried = unlistedCalls(docs.report_calls, input.job);
    const errand = errandOf(input.job, HOLDS);
    if (errand.reason === 'override') {
      const calls = carried.map(usageEvent).filter((row) => row !== null);
      const rest = { usage: sumUsage(calls), calls, guard_status: 'failed', override: { by: errand.by }, artifacts: [] };
      return finished(docs, { output: kept(docs.report_output), ...rest });
    }
    const subject = { intention: docs.spec.title, symbols: docs.runspec.symbols };
    const asks = docs.spec.kind !== 'blueprint';
    const told = asks
      ? await consultInContext(visit, reportQuestion(docs, errand, docs.report_output, carried), subject, effects)
      : fromTemplate(visit, docs);
    if (!told.report.passed)
      return { artifacts: told.artifacts, event: null, route: { guard: 'failed', gates: docs.gates.passed ? 'passed' : 'failed' } };
    // Behind the last question of the job: what it costs is missing nowhere.
    const beside = asks ? await besideGates(visit, shadowSubject(docs), effects) : undefined;
    return finished(docs, { ...told, guard_status: told.report.guard_status, override: null }, beside);
  },
});
