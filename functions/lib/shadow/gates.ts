import type { GateReport } from '../../../contracts/gate-report.ts';
import type { ShadowCount, ShadowReport } from '../../../contracts/shadow.ts';
import { ShadowVerdict } from '../../../contracts/shadow-verdict.ts';
import type { Artifact, StageEffects } from '../../../contracts/stage.ts';
import { type Consulted, consult, type Question } from '../agent/consult.ts';
import type { Visit } from '../agent/visit.ts';
import { canonicalJson } from '../canonical-json.ts';
import { schemaIssues } from '../guard/guard.ts';
import { agreement, type Decision } from './agreement.ts';
import { decideBeside } from './beside.ts';
import { SHADOW, SHADOW_SCHEMA, type ShadowFacts, shadowMessages } from './request.ts';

type Judged = { gates: GateReport; facts: ShadowFacts; judge: Pick<Question['judge'], 'holdout' | 'policyKeys'> };

/** What shadow mode adds to what a stage leaves: files, the rows of its call, and counts for the event. */
export type Beside = { artifacts: Artifact[]; calls: Consulted['calls']; outputs: { shadow?: ShadowCount } };

const NOTHING: Beside = { artifacts: [], calls: [], outputs: {} };

const word = (passed: boolean): 'passed' | 'failed' => (passed ? 'passed' : 'failed');

/** The decisions of the gates: the verdict, and that of each gate. */
const decisionsOf = ({ passed, gates }: GateReport): Decision[] => [
  { decision_id: 'gates', point: 'gates', deterministic: word(passed) },
  ...gates.map((one) => ({ decision_id: `gates/${one.gate}`, point: `gates/${one.gate}`, deterministic: word(one.passed) })),
];

/** The question a visit asks of the shadow. */
export const shadowQuestion = ({ gates, facts, judge }: Judged): Question => ({
  messages: shadowMessages(facts, gates),
  output_schema: SHADOW_SCHEMA,
  reason: 'first',
  judge: { schemaIssues: schemaIssues(ShadowVerdict), ...judge, numbers: null },
  carried: [],
});

/** What the shadow decides at a point. Throws, in words for the report, where it decides nothing. */
const shadowWord = ({ report, output }: Consulted, decision: Decision): string => {
  const [finding] = report.findings;
  if (finding) throw new Error(`the guard stopped the shadow's answer: ${finding.rule} at ${finding.pointer || '/'}: ${finding.message}`);
  const { verdict, each } = ShadowVerdict.parse(output.value);
  if (decision.decision_id === 'gates') return verdict;
  const own = each.find(({ gate }) => decision.decision_id === `gates/${gate}`);
  if (!own) throw new Error('the shadow gave no verdict for this gate');
  return own.verdict;
};

const reportFile = (visit: Visit, report: ShadowReport): Artifact => ({
  name: 'shadow_report',
  path: `outputs/shadow/${visit.visit}/shadow_report.json`,
  body: canonicalJson(report),
  content_type: 'application/json',
});

const besideEnabled = async (visit: Visit, judged: Judged, effects: StageEffects): Promise<Beside> => {
  const signal = effects.patience?.() ?? new AbortController().signal;
  const told: Consulted[] = [];
  let asked: Promise<Consulted> | undefined;
  const begin = async (): Promise<Consulted> => {
    const consulted = await consult(visit, shadowQuestion(judged), effects);
    told.push(consulted);
    return consulted;
  };
  // One question for all decisions, and none where no time is left.
  const answer = (): Promise<Consulted> => (asked ??= begin());
  const decisions = decisionsOf(judged.gates);
  const rows = await Promise.all(
    decisions.map((decision) =>
      decideBeside({ decision, enabled: true, signal, shadow: async () => shadowWord(await answer(), decision) }),
    ),
  );
  const report = agreement(
    decisions,
    rows.filter((row) => row !== null),
  );
  return {
    artifacts: [...told.flatMap(({ artifacts }) => artifacts), reportFile(visit, report)],
    calls: told.flatMap(({ calls }) => calls),
    outputs: { shadow: { decisions: report.decisions, compared: report.compared, agreed: report.agreed } },
  };
};

/**
 * Asks a model what it would have decided in place of the gates, whose verdict is in the log by then, where the flag `shadow_enabled`
 * is on (D5). Gives files and counts and nothing else, never throws, and ends in time: whatever the model does, a job goes where it went.
 */
export const besideGates = async (place: Visit, judged: Judged, effects: StageEffects): Promise<Beside> => {
  try {
    const flags = await effects.flags?.();
    if (!flags?.shadow_enabled) return NOTHING;
    return await besideEnabled({ ...place, profile: SHADOW, ordinal: 1 }, judged, effects);
  } catch {
    // A comparison that cannot be made is left out.
    return NOTHING;
  }
};
