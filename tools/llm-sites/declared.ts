import type { CallSite, Junction } from '../../functions/lib/llm-sites/map.ts';

/** What the code cannot say of itself about an agent. Everything else in the map is found. */
export type DeclaredSite = Pick<CallSite, 'agent' | 'role' | 'judged_by' | 'output' | 'downgrade'> & {
  /** Every place where this agent is asked or the means to ask it are handed on. */
  places: readonly string[];
};

const RECORDING = 'the recording of the same question, labelled degraded; without one the job ends stopped_llm_error';

/** A call that stands nowhere here fails the check: say what it is for before it is made. */
export const SITES: readonly DeclaredSite[] = [
  {
    agent: 'intent',
    role: 'producer',
    places: ['functions/lib/agent/consult.ts#ask'],
    judged_by: 'the output guard, then a person at HoldBlueprint',
    downgrade: RECORDING,
    output: {
      files: ['outputs/agents/intent/<visit>/output.json', 'outputs/agents/intent/<visit>/blueprint.json'],
      meaning: 'the answer, and where the guard passes it the proposal that people approve',
    },
  },
  {
    agent: 'report',
    role: 'producer',
    places: ['functions/lib/agent/consult.ts#ask'],
    judged_by: 'the output guard, which knows every number the metrics have',
    downgrade: RECORDING,
    output: {
      files: ['outputs/agents/report/<visit>/output.json', 'outputs/report/report.md'],
      meaning: 'the answer, and the report: its words around tables that code fills in',
    },
  },
  {
    agent: 'shadow',
    role: 'producer',
    places: ['functions/lib/agent/consult.ts#ask'],
    judged_by: 'the output guard, then the gates that it is compared with',
    downgrade: 'the recording of the same question; without one there is no shadow decision, and the job goes on as it would have',
    output: {
      files: ['outputs/shadow/<visit>/shadow_report.json', 'outputs/agents/shadow/<visit>/output.json'],
      meaning: 'what a model would have decided in place of the gates, which judged before it was asked',
    },
  },
  {
    agent: 'doctor',
    role: 'producer',
    places: [
      'functions/lib/doctor/explain.ts#byDoctor',
      'functions/lib/doctor/explain.ts#explainFailure',
      'functions/stage/explain-ending.ts#explainEnding',
    ],
    judged_by: 'its schema, which has no member for a verdict',
    downgrade: 'the recording of the same question; without one the failure stays unexplained and ends as it would have',
    output: { files: ['outputs/doctor/failure_note.json'], meaning: 'an explanation for people' },
  },
];

/** Places that carry questions of all agents. */
export const JUNCTIONS: readonly Junction[] = [
  {
    at: 'functions/stage/effects.ts#asker',
    layer: 'port',
    what: 'flags, kill switch, confirmation and limits, as they hold at the moment of the question',
  },
  { at: 'adapters/model/call-model.ts#createModel', layer: 'provider', what: 'the recording, where the mode is replay' },
  { at: 'adapters/model/downgrade.ts#downgrade', layer: 'provider', what: 'the recording, after every provider failed' },
  { at: 'adapters/model/attempt.ts#attempt', layer: 'provider', what: 'one request to one provider: the only one there is' },
];
