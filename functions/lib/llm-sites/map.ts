import * as z from 'zod';

/** A Choice behind a state, and what it reads of that state's answer. */
const Read = z.strictObject({ machine: z.string(), state: z.string(), field: z.string(), values: z.array(z.string()) });

/** One agent, as one function asks it. */
export const CallSite = z.strictObject({
  agent: z.string(),
  /** `producer` writes what people and guards judge; `control` would decide by itself, which none may. */
  role: z.enum(['control', 'producer']),
  function: z.string(),
  states: z.array(z.strictObject({ machine: z.string(), state: z.string() })),
  /** Where the model is asked, and the way from the handler there: `file#name`. */
  asks_at: z.array(z.string()),
  way: z.array(z.string()),
  profile: z.strictObject({
    at: z.string(),
    model_alias: z.string(),
    prompt_version: z.string(),
    output_schema_version: z.string(),
    max_output_tokens: z.int(),
  }),
  /** The flag that switches this agent alone; null where there is none. */
  flag: z.string().nullable(),
  /** Where a recorded answer will not do. */
  require_live: z.boolean(),
  /** What happens when no provider answers. */
  downgrade: z.string(),
  /** Whether the output guard judges the answer. */
  guard: z.boolean(),
  judged_by: z.string(),
  /** Files below `jobs/<job_id>/` that hold what the model said, and what they are for. */
  output: z.strictObject({ files: z.array(z.string()), meaning: z.string() }),
  /** What control flow reads behind the agent's states: verdicts of code, by the static proof. */
  read_by_control: z.array(Read),
});
export type CallSite = z.infer<typeof CallSite>;

/** A place between an agent and a provider, which agents share. */
export const Junction = z.strictObject({ at: z.string(), layer: z.enum(['port', 'provider']), what: z.string() });
export type Junction = z.infer<typeof Junction>;

/** `llm_call_sites_v1`: docs/llm/call-sites.json. */
export const CallSites = z.strictObject({
  schema_version: z.literal('llm_call_sites_v1'),
  sites: z.array(CallSite),
  junctions: z.array(Junction),
});
export type CallSites = z.infer<typeof CallSites>;
