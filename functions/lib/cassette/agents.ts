import * as z from 'zod';
import { AgentQuestion } from '../../../contracts/agent-question.ts';
import { Blueprint } from '../../../contracts/blueprint.ts';
import { asError, UnreadableDocument } from '../../../contracts/errors.ts';
import { IsoDate } from '../../../contracts/ids.ts';
import type { CassetteMatch } from '../../../contracts/llm.ts';
import { POLICY_BUNDLES } from '../../../contracts/policy-bundle.ts';
import { Report } from '../../../contracts/report.ts';
import { ShadowVerdict } from '../../../contracts/shadow-verdict.ts';
import { outputSchema } from '../agent/output-schema.ts';
import type { AgentProfile } from '../agent/visit.ts';
import { type GuardContext, policyKeysOf, schemaIssues } from '../guard/guard.ts';
import { addDays } from '../holdout.ts';

type Judge = Pick<GuardContext, 'schemaIssues' | 'holdout' | 'policyKeys' | 'numbers'>;

/** What this build knows of an agent whose recordings it is given. */
export type RecordedAgent = Pick<AgentProfile, 'model_alias' | 'prompt_version' | 'output_schema_version'> & {
  /** JSON Schema of the output. */
  output_schema: Record<string, unknown>;
  /** What its answer is judged by, as far as the recorded question says. Throws `UnreadableDocument`. */
  judge: (match: CassetteMatch) => Judge;
};

/** No bundle is named in a question: the keys of all of them are forbidden. */
const POLICY_KEYS = [...new Set(Object.values(POLICY_BUNDLES).flatMap(policyKeysOf))];

/** The facts of a question: the JSON after the first line of its last message. */
const factsOf = <T>({ agent, messages }: CassetteMatch, schema: z.ZodType<T>): T => {
  const text = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  try {
    return schema.parse(JSON.parse(text.slice(text.indexOf('\n') + 1)));
  } catch (error) {
    const said =
      error instanceof z.ZodError ? `/${error.issues[0]?.path.map(String).join('/')}: ${error.issues[0]?.message}` : asError(error).message;
    throw new UnreadableDocument(`the question recorded for agent "${agent}" does not say what its answer is judged by (${said})`, {
      cause: error,
    });
  }
};

// Everything after the last open day is closed: the guard looks at the first day alone.
const closedAfter = (day: string) => ({ start: addDays(day, 1), end: addDays(day, 1) });

const Days = z.looseObject({ start: IsoDate, end: IsoDate });
const IntentFacts = z.looseObject({ research_window: Days, your_question: z.unknown().optional() });
const IntentAnswer = z.union([Blueprint, AgentQuestion]);
const ReportFacts = z.looseObject({
  facts: z.looseObject({
    symbols: z.array(z.string()),
    windows: z.looseObject({ research: Days }).catchall(Days),
    gates: z.looseObject({ checked: z.int(), failed: z.array(z.string()) }),
  }),
});

const numbersIn = (value: unknown): number[] => {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
};

const intent: RecordedAgent = {
  ...{ model_alias: 'strategist', prompt_version: 'v1', output_schema_version: 'blueprint_v1' },
  output_schema: outputSchema(IntentAnswer),
  judge: (match) => {
    const { research_window, your_question } = factsOf(match, IntentFacts);
    return {
      // Whoever was answered may not ask again.
      schemaIssues: schemaIssues(your_question === undefined ? IntentAnswer : Blueprint),
      holdout: closedAfter(research_window.end),
      policyKeys: POLICY_KEYS,
      numbers: null,
    };
  },
};

const report: RecordedAgent = {
  ...{ model_alias: 'reporter', prompt_version: 'v1', output_schema_version: 'report_v1' },
  output_schema: outputSchema(Report),
  judge: (match) => {
    const { facts } = factsOf(match, ReportFacts);
    const { checked, failed } = facts.gates;
    return {
      schemaIssues: schemaIssues(Report),
      holdout: closedAfter(facts.windows.research.end),
      policyKeys: POLICY_KEYS,
      numbers: {
        values: [...new Set([...numbersIn(facts), failed.length, checked - failed.length])],
        windows: Object.values(facts.windows).map(({ start, end }) => ({ start, end })),
        names: facts.symbols,
      },
    };
  },
};

const ShadowFacts = z.looseObject({ facts: z.looseObject({ windows: z.looseObject({ research: Days }) }) });

const shadow: RecordedAgent = {
  ...{ model_alias: 'judge', prompt_version: 'v1', output_schema_version: 'shadow_verdict_v1' },
  output_schema: outputSchema(ShadowVerdict),
  judge: (match) => ({
    schemaIssues: schemaIssues(ShadowVerdict),
    holdout: closedAfter(factsOf(match, ShadowFacts).facts.windows.research.end),
    policyKeys: POLICY_KEYS,
    numbers: null,
  }),
};

/** Agents whose recordings can be judged without a job. */
export const RECORDED_AGENTS: Readonly<Record<string, RecordedAgent>> = { intent, report, shadow };

/** Throws `UnreadableDocument` naming the agents there are. */
export const recordedAgent = (agent: string, agents: Readonly<Record<string, RecordedAgent>> = RECORDED_AGENTS): RecordedAgent => {
  const known = Object.hasOwn(agents, agent) ? agents[agent] : undefined;
  if (known) return known;
  throw new UnreadableDocument(`this build has no agent "${agent}"; it has ${Object.keys(agents).join(', ')}`);
};
