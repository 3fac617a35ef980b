import type { Amount } from '../../contracts/budget.ts';
import type { Actor } from '../../contracts/events.ts';
import { reviseState } from '../../contracts/flow.ts';
import type { HoldInput, Opening } from '../../contracts/hold.ts';
import { CANARY_APPROVES, CANARY_POLICY } from '../../contracts/rollout.ts';
import type { Artifact } from '../../contracts/stage.ts';
import { usageEvent } from '../lib/agent/usage.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { sha256Hex } from '../lib/hash.ts';
import { callsRealModel, livePlan } from '../lib/live-plan.ts';
import { type Subject, subjectDigest } from '../lib/subject.ts';

/** Artifacts of earlier states each step asks about: the approval covers exactly these bytes. */
const SUBJECTS: Record<string, readonly string[]> = {
  HoldIntentOutput: ['intent_output', 'intent_guard'],
  HoldIntentQuestion: ['intent_output'],
  HoldBlueprint: ['blueprint', 'intent_guard'],
  HoldRunspec: ['runspec'],
  HoldReportOutput: ['report_output', 'report_guard'],
  HoldChecks: ['test_result', 'test_report'],
  HoldStage1: ['stage_evidence', 'smoke_report', 'test_result'],
  HoldStage2: ['stage_evidence'],
  HoldStage3: ['stage_evidence'],
};

/** Revisions of one state before only yes or no remain. */
const MAX_REVISIONS = 5;
/** What one approval multiplies a budget by. */
const BUDGET_FACTOR = 2;
const FINDINGS_SHOWN = 5;

const choicesOf = (state: string, visit: number, kind: string): string[] => {
  const to = reviseState(state);
  // A hand-written blueprint has no agent that could draft it again.
  const revisable = to !== null && visit <= MAX_REVISIONS && !(kind === 'blueprint' && to === 'Intent');
  return ['approve', 'reject', ...(revisable ? ['revise'] : [])];
};

const raised = ({ calls, tokens, nano_usd }: Amount): Amount => ({
  calls: calls * BUDGET_FACTOR,
  tokens: tokens * BUDGET_FACTOR,
  nano_usd: nano_usd * BUDGET_FACTOR,
});

/** Evidence that exists for the question alone. */
const ownEvidence = ({ step, context, visit, llm, budget }: HoldInput): { artifacts: Artifact[]; grant: Amount | null } => {
  const file = (name: string, value: unknown): Artifact => ({
    name,
    path: `outputs/llm/${context.state}-${visit}.${name}.json`,
    body: canonicalJson(value),
    content_type: 'application/json',
  });
  if (step === 'llm_live_confirm') return { artifacts: [file('live_confirm', livePlan(llm, context.mode))], grant: null };
  if (step !== 'budget_escalation' || !budget) return { artifacts: [], grant: null };
  const grant = raised(budget.limits);
  return { artifacts: [file('budget_escalation', { ...budget, proposed: grant })], grant };
};

const subjectOf = ({ context }: HoldInput, artifacts: readonly Artifact[]): Subject => {
  const earlier = (SUBJECTS[context.state] ?? []).flatMap((name) => {
    const ref = context.refs[name];
    return ref ? [{ name, key: ref.key, sha256: ref.sha256 }] : [];
  });
  const own = artifacts.map(({ name, path, body }) => ({ name, key: `jobs/${context.job_id}/${path}`, sha256: sha256Hex(body) }));
  return [...earlier, ...own];
};

type Passed = { by: Actor; reason: string };

const CHECKPOINT: Actor = { type: 'system', id: 'checkpoint', identity: 'none' };

/** Why a checkpoint lets the job pass without a person, or null when somebody must sign. */
const passesByItself = ({ step, context: { mode, facts }, llm, policy }: HoldInput): Passed | null => {
  if (step === 'llm_live_confirm') {
    if (callsRealModel(llm, mode)) return null;
    const why = mode === 'replay' ? 'answers come from recorded cassettes, no model is called' : 'no real model is called';
    return {
      by: CHECKPOINT,
      reason: mode === 'replay' ? `mode is replay: ${why}` : `every provider in the chain is mock: ${why} in mode ${mode}`,
    };
  }
  if (typeof facts['canary'] === 'string' && CANARY_APPROVES.includes(step) && facts['degraded'] !== true) {
    return {
      by: { type: 'policy', id: CANARY_POLICY, identity: 'none' },
      reason: `policy ${CANARY_POLICY} approves step ${step} of canaries of ${facts['canary']}`,
    };
  }
  const auto = policy.auto_approve;
  if (!auto?.modes.includes(mode) || facts['degraded'] === true) return null;
  return {
    by: { type: 'policy', id: auto.policy, identity: 'none' },
    reason: `policy ${auto.policy} approves step ${step} in mode ${mode}`,
  };
};

const shownOutputs = ({ shown: { guard, calls } }: HoldInput): Record<string, unknown> => ({
  ...(guard ? { finding_count: guard.finding_count, findings: guard.findings.slice(0, FINDINGS_SHOWN) } : {}),
  ...(calls.length > 0 ? { calls: calls.map(usageEvent).filter((row) => row !== null) } : {}),
});

/** What a hold asks or why it passes: evidence as the signed context names it, the answers it takes, and until when. */
export const openApproval = (input: HoldInput): Opening => {
  const { context, step, visit, at, shown } = input;
  const { state } = context;
  const place = { state, visit, kind: 'opened', step } as const;
  const passed = passesByItself(input);
  if (passed !== null) {
    const { by, reason } = passed;
    const outputs = { state, visit, subject_digest: subjectDigest(state, visit, subjectOf(input, [])), auto: true, reason };
    return { artifacts: [], draft: { ...place, event_type: 'APPROVED', actor: by, message: reason, outputs } };
  }
  const { artifacts, grant } = ownEvidence(input);
  const subject = subjectOf(input, artifacts);
  const human = shown.question !== null;
  const expires_at = new Date(Date.parse(at) + input.policy.expires_after * 1000).toISOString();
  const links = input.links(expires_at);
  const outputs = {
    state,
    visit,
    subject,
    subject_digest: subjectDigest(state, visit, subject),
    choices: human ? ['resume'] : choicesOf(state, visit, String(context.facts['kind'] ?? 'idea')),
    policy: input.policy,
    expires_at,
    ...(links.length > 0 ? { links } : {}),
    ...(grant ? { grant } : {}),
    ...shownOutputs(input),
  };
  const event_type = human ? 'WAITING_HUMAN' : 'WAITING_APPROVAL';
  return {
    artifacts,
    draft: { ...place, event_type, actor: { type: 'stage', id: state, identity: 'none' }, message: shown.question, outputs },
  };
};
