import { AgentOutput, type LlmCall } from '../../../contracts/agent-evidence.ts';
import { AgentQuestion } from '../../../contracts/agent-question.ts';
import { Blueprint } from '../../../contracts/blueprint.ts';
import { CompileRefused, PermanentError } from '../../../contracts/errors.ts';
import type { ResearchJob } from '../../../contracts/job-spec.ts';
import type { Usage } from '../../../contracts/llm.ts';
import { Snapshot } from '../../../contracts/snapshot.ts';
import { type Artifact, defineStage, type StageOutput } from '../../../contracts/stage.ts';
import { decodeCalls, unlistedCalls } from '../../lib/agent/calls.ts';
import type { Consulted, Question } from '../../lib/agent/consult.ts';
import { consultInContext } from '../../lib/agent/context.ts';
import { type AgentHolds, type Errand, errandOf } from '../../lib/agent/errand.ts';
import { sumUsage, usageEvent } from '../../lib/agent/usage.ts';
import { evidence, type Visit, visitOf } from '../../lib/agent/visit.ts';
import { json } from '../../lib/decode.ts';
import { policyKeysOf, schemaIssues } from '../../lib/guard/guard.ts';
import { holdoutWindow } from '../../lib/holdout.ts';
import { policyBundle } from '../../lib/policy.ts';
import { decodeResearch } from '../../lib/research-spec.ts';
import { type Answered, INTENT, INTENT_SCHEMA, IntentAnswer, intentMessages, type Revision } from './prompt.ts';

const HOLDS: AgentHolds = { output: 'HoldIntentOutput', work: ['HoldBlueprint'], question: 'HoldIntentQuestion' };

type Documents = { spec: ResearchJob; snapshot: Snapshot; intent_output: AgentOutput | null; blueprint: Blueprint | null };

type Drafting = Exclude<Errand, { reason: 'override' }>;

/** What is sent back: the blueprint people saw, or the answer the guard stopped. */
const revisionOf = (errand: Drafting, { blueprint, intent_output }: Documents): Revision | null => {
  if (errand.reason !== 'revision') return null;
  const stopped = intent_output && (intent_output.value ?? intent_output.text);
  return { comment: errand.comment, previous: errand.from === HOLDS.output ? stopped : blueprint };
};

const answeredOf = (errand: Drafting, { intent_output }: Documents): Answered | null =>
  errand.reason === 'answered' ? { question: intent_output?.value ?? null, answer: errand.answer } : null;

/** The question a visit asks, and what its answer is judged by. */
export const intentQuestion = (docs: Documents, errand: Drafting, carried: readonly LlmCall[] = []): Question => {
  const { spec, snapshot } = docs;
  if (spec.kind !== 'idea') throw new PermanentError(`the intent agent drafts for ideas; a ${spec.kind} job must not come here`);
  const policy = policyBundle(spec.policy_bundle);
  const holdout = holdoutWindow(spec.idea, policy.holdout.fraction);
  return {
    messages: intentMessages({
      idea: spec.idea,
      snapshot,
      holdout,
      revision: revisionOf(errand, docs),
      answered: answeredOf(errand, docs),
    }),
    output_schema: INTENT_SCHEMA,
    reason: errand.reason,
    // A second question is an answer that nobody can use.
    judge: {
      schemaIssues: schemaIssues(errand.reason === 'answered' ? Blueprint : IntentAnswer),
      holdout,
      policyKeys: policyKeysOf(policy),
      numbers: null,
    },
    carried,
  };
};

const blueprintFile = (visit: Visit, blueprint: Blueprint): Artifact => evidence(visit, 'blueprint', 'blueprint.json', blueprint);

type Proposed = {
  blueprint: Blueprint;
  output: AgentOutput;
  usage: Usage;
  guard_status: string;
  override: boolean;
  calls: Consulted['calls'];
};

const proposed = ({ blueprint, output, usage, guard_status, override, calls }: Proposed): NonNullable<StageOutput['event']> => ({
  event_type: 'BLUEPRINT_PROPOSED',
  message: `${blueprint.name}: ${blueprint.strategy.type} on ${blueprint.symbols.join(', ')}${override ? ' (guard overridden)' : ''}`,
  outputs: { name: blueprint.name, strategy: blueprint.strategy, ...output.labels, usage, guard_status, override, calls },
});

const draft = ({ output, report, usage, calls, artifacts }: Consulted, visit: Visit): StageOutput => {
  if (report.passed && AgentQuestion.safeParse(output.value).success) return { artifacts, event: null, route: { guard: 'question' } };
  const blueprint = Blueprint.safeParse(output.value);
  if (!report.passed || !blueprint.success) return { artifacts, event: null, route: { guard: 'failed' } };
  const { guard_status } = report;
  return {
    artifacts: [...artifacts, blueprintFile(visit, blueprint.data)],
    event: proposed({ blueprint: blueprint.data, output, usage, guard_status, override: false, calls }),
    route: { guard: 'passed' },
  };
};

/** A person uses the kept output as it is: no model is asked. */
const overridden = (visit: Visit, output: AgentOutput | null, carried: readonly LlmCall[]): StageOutput => {
  const blueprint = Blueprint.safeParse(output?.value);
  if (!output || !blueprint.success) {
    const issue = blueprint.error?.issues[0];
    throw new CompileRefused(
      `the output cannot be used as it is: it is no blueprint_v1 (/${issue?.path.map(String).join('/')}: ${issue?.message}); send it back with a comment instead`,
    );
  }
  const calls = carried.map(usageEvent).filter((row) => row !== null);
  return {
    artifacts: [blueprintFile(visit, blueprint.data)],
    event: proposed({ blueprint: blueprint.data, output, usage: sumUsage(calls), guard_status: 'failed', override: true, calls }),
    route: { guard: 'passed' },
  };
};

const reads = { spec: decodeResearch, snapshot: json(Snapshot) };
const optional = { intent_output: json(AgentOutput), blueprint: json(Blueprint), intent_calls: decodeCalls };

/** Agent: an idea becomes a blueprint, which people approve before anything is compiled. */
export const intent = defineStage({
  reads,
  optional,
  folds: 'revisit',
  run: async (input, effects) => {
    const { docs } = input;
    const visit = visitOf(INTENT, input);
    const carried = unlistedCalls(docs.intent_calls, input.job);
    const errand = errandOf(input.job, HOLDS);
    if (errand.reason === 'override') return overridden(visit, docs.intent_output, carried);
    const subject = { intention: docs.spec.title, symbols: docs.spec.kind === 'idea' ? docs.spec.idea.symbols : [] };
    return draft(await consultInContext(visit, intentQuestion(docs, errand, carried), subject, effects), visit);
  },
});
