import type { Artifact, StageInput } from '../../../contracts/stage.ts';
import { canonicalJson } from '../canonical-json.ts';
import { sha256Hex } from '../hash.ts';

/** What is fixed about an agent: all of it is part of the cassette key. */
export type AgentProfile = {
  agent: string;
  model_alias: string;
  prompt_version: string;
  output_schema_version: string;
  settings: { temperature: number; max_output_tokens: number };
};

/** One entry of a job into an agent's state. */
export type Visit = {
  profile: AgentProfile;
  job_id: string;
  run_id: string;
  state: string;
  visit: number;
  at: string;
  /** Which question of the visit this is: 0, unless another agent asks in the same state. */
  ordinal?: number;
};

export const visitOf = (profile: AgentProfile, { job_id, run_id, state, visit, at }: StageInput<unknown>): Visit => ({
  ...{ profile, job_id, run_id, state, visit, at },
});

/** Names the n-th call of a visit: the same call is the same row, in any execution. */
export const callId = ({ job_id, state, visit }: Visit, n: number): string =>
  sha256Hex(canonicalJson([job_id, state, visit, n])).slice(0, 24);

/** Path of an evidence file below the job. */
export const evidencePath = ({ profile, visit }: Visit, file: string): string => `outputs/agents/${profile.agent}/${visit}/${file}`;

/** An evidence file below `outputs/agents/<agent>/<visit>/`; `name` is what later states call it. */
export const evidence = (visit: Visit, name: string, file: string, value: unknown): Artifact => ({
  name,
  path: evidencePath(visit, file),
  body: canonicalJson(value),
  content_type: 'application/json',
});

/** The same as JSON Lines. */
export const evidenceLines = (visit: Visit, name: string, file: string, values: readonly unknown[]): Artifact => ({
  name,
  path: evidencePath(visit, file),
  body: values.map((value) => `${canonicalJson(value)}\n`).join(''),
  content_type: 'application/x-ndjson',
});
