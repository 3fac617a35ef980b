import * as z from 'zod';
import { Mode, strictest } from './llm.ts';

/** A repository as a forge names it, with or without its owner. */
const Repository = z
  .string()
  .regex(/^(?!\.\.?(?:\/|$))[A-Za-z0-9_.-]{1,100}(\/(?!\.\.?$)[A-Za-z0-9_.-]{1,100})?$/, 'a repository is "name" or "owner/name"');

/** Caps of the history pack: what stage 2 of a rollout releases, and stage 3 with extended contexts. A flag only lowers them. */
export const HISTORY_CAPS = { tiers: 5, phases: 10 } as const;
export const EXTENDED_HISTORY_CAPS = { tiers: 10, phases: 20 } as const;

/** True or unset: as the job's mode says. False: off, whatever the mode. */
const AgentSwitch = z.boolean().nullable();

/** Every flag with a value. */
export const FlagValues = z.strictObject({
  telemetry: z.boolean(),
  history_pack: z.boolean(),
  history_pack_max_tiers: z.int().min(0).max(EXTENDED_HISTORY_CAPS.tiers).nullable(),
  history_pack_max_phases: z.int().min(0).max(EXTENDED_HISTORY_CAPS.phases).nullable(),
  document_substitution: z.boolean(),
  extended_contexts: z.boolean(),
  intention_context: z.boolean(),
  embedding_budget: z.int().min(0).max(10_000),
  llm_mode: Mode.nullable(),
  llm_first: z.int().min(1).max(9).nullable(),
  agent_intent_enabled: AgentSwitch,
  agent_report_enabled: AgentSwitch,
  doctor_enabled: z.boolean(),
  shadow_enabled: z.boolean(),
  test_runner_enabled: z.boolean(),
  test_runner_repos: z.array(Repository).max(50),
  staging_runner_enabled: z.boolean(),
  staging_runner_repos: z.array(Repository).max(50),
});
export type FlagValues = z.infer<typeof FlagValues>;

export const FlagName = FlagValues.keyof();
export type FlagName = z.infer<typeof FlagName>;

export const FlagType = z.enum(['boolean', 'number', 'mode', 'list']);
export const FlagOwner = z.enum(['ops', 'llm', 'runner']);

export type Flag<T> = {
  type: z.infer<typeof FlagType>;
  /** Everything is off by default: false, 0, unset (null) or an empty list. */
  default: T;
  /** Holds when the stored value cannot be read: never more than the default allows. */
  safe: T;
  owner: z.infer<typeof FlagOwner>;
  /** What it does when set, for people. */
  meaning: string;
};

type Note = Pick<Flag<unknown>, 'owner' | 'meaning'>;
const off = (note: Note): Flag<boolean> => ({ type: 'boolean', default: false, safe: false, ...note });
const agent = (note: Note): Flag<boolean | null> => ({ type: 'boolean', default: null, safe: false, ...note });
const cap = (note: Note): Flag<number | null> => ({ type: 'number', default: null, safe: 0, ...note });
const repos = (note: Note): Flag<string[]> => ({ type: 'list', default: [], safe: [], ...note });

/** The flags as data (E1). */
export const FLAGS: { readonly [K in FlagName]: Flag<FlagValues[K]> } = {
  telemetry: off({ owner: 'ops', meaning: 'Write the rows of the telemetry tables.' }),
  history_pack: off({ owner: 'llm', meaning: 'Add summaries of earlier phases to the context of agents.' }),
  history_pack_max_tiers: cap({
    owner: 'llm',
    meaning: `Tiers a history pack may hold. Unset: ${HISTORY_CAPS.tiers}, with extended contexts ${EXTENDED_HISTORY_CAPS.tiers}; a number lowers that, never raises it.`,
  }),
  history_pack_max_phases: cap({
    owner: 'llm',
    meaning: `Phases a history pack may hold, all tiers together. Unset: ${HISTORY_CAPS.phases}, with extended contexts ${EXTENDED_HISTORY_CAPS.phases}; a number lowers that, never raises it.`,
  }),
  document_substitution: off({
    owner: 'llm',
    meaning:
      'Let the history pack stand in for BUILD_HISTORY.md, BUILD_LOG.md and DEBUG_LOG.md, and for no other file. Needs history_pack.',
  }),
  extended_contexts: off({ owner: 'llm', meaning: 'Offer documents from beyond the job to agents, and allow the larger history caps.' }),
  intention_context: off({ owner: 'llm', meaning: 'Put what the job is for at the head of the context of agents.' }),
  embedding_budget: {
    type: 'number',
    default: 0,
    safe: 0,
    owner: 'llm',
    meaning: 'Embedding calls one context may take; when they do not suffice, selection is lexical.',
  },
  llm_mode: {
    type: 'mode',
    default: null,
    safe: 'replay',
    owner: 'llm',
    meaning: 'The most any job may ask for: replay, record or live. Unset: as the environment is configured.',
  },
  llm_first: {
    type: 'number',
    default: null,
    safe: null,
    owner: 'llm',
    meaning:
      'Provider that is asked first, by its position in the configured chain; the others follow in their order. Unset, or beyond the chain: as configured.',
  },
  agent_intent_enabled: agent({
    owner: 'llm',
    meaning: 'False: the intent agent answers from recordings only. Unset or true: it works in the mode of its job.',
  }),
  agent_report_enabled: agent({
    owner: 'llm',
    meaning: 'False: the report agent answers from recordings only. Unset or true: it works in the mode of its job.',
  }),
  doctor_enabled: off({ owner: 'llm', meaning: 'Ask a model to explain failures of no known pattern. Its note changes no outcome.' }),
  shadow_enabled: off({
    owner: 'llm',
    meaning: 'Compute model decisions beside the deterministic ones and report agreement. They never route.',
  }),
  test_runner_enabled: off({ owner: 'runner', meaning: 'Run test commands of stages that have them.' }),
  test_runner_repos: repos({
    owner: 'runner',
    meaning: "Repositories the test runner may work on. Empty: the project's own one.",
  }),
  staging_runner_enabled: off({ owner: 'runner', meaning: 'Run staging checks of stages that have them.' }),
  staging_runner_repos: repos({
    owner: 'runner',
    meaning: "Repositories the staging runner may work on. Empty: the project's own one.",
  }),
};

export const FLAG_NAMES: readonly FlagName[] = FlagName.options;

const issueOf = (name: FlagName, value: unknown): string | null =>
  FlagValues.shape[name]
    .safeParse(value)
    .error?.issues.map((issue) => issue.message)
    .join('; ') ?? null;

/** Why a flag cannot be set to a value; null when it can. */
export const flagProblem = (name: string, value: unknown): string | null => {
  const known = FlagName.safeParse(name);
  if (!known.success) return `there is no flag ${JSON.stringify(name.slice(0, 60))}; the flags are ${FLAG_NAMES.join(', ')}`;
  const issue = issueOf(known.data, value);
  return issue === null ? null : `${name} cannot be ${(JSON.stringify(value) ?? 'undefined').slice(0, 80)}: ${issue}`;
};

export type EffectiveFlags = {
  flags: FlagValues;
  /** One line per stored value that could not be used. */
  complaints: string[];
};

/**
 * What holds now: stored values over defaults. Never throws: a value that cannot be read counts as the flag's
 * safe one, and a name this build does not know is left out; both are complained about.
 */
export const resolveFlags = (stored: Readonly<Record<string, unknown>>): EffectiveFlags => {
  const complaints = Object.entries(stored)
    .map(([name, value]) => flagProblem(name, value))
    .filter((problem) => problem !== null);
  const effective = (name: FlagName): unknown => {
    if (!Object.hasOwn(stored, name)) return FLAGS[name].default;
    return issueOf(name, stored[name]) === null ? stored[name] : FLAGS[name].safe;
  };
  return { flags: FlagValues.parse(Object.fromEntries(FLAG_NAMES.map((name) => [name, effective(name)]))), complaints };
};

/** Agents that have a switch of their own. Others work in the mode of their job. */
const SWITCHES = new Map<string, 'agent_intent_enabled' | 'agent_report_enabled'>([
  ['intent', 'agent_intent_enabled'],
  ['report', 'agent_report_enabled'],
]);

/** The mode an agent may work in: the strictest of what is asked, `llm_mode`, and the agent's switch. */
export const modeFor = (flags: FlagValues, agentId: string, asked: Mode): Mode => {
  const name = SWITCHES.get(agentId);
  const switchedOff = name !== undefined && flags[name] === false;
  return strictest(asked, flags.llm_mode ?? asked, switchedOff ? 'replay' : asked);
};
