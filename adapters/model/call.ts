import type { ModelRequest } from '../../contracts/llm.ts';
import type { ModelScope } from '../../contracts/ports.ts';
import type { MatchKey } from '../../functions/lib/cassette-key.ts';

/** A call as every part of it sees it. */
export type Call = { request: ModelRequest; scope: ModelScope; asked: MatchKey; secrets: readonly string[] };

/** One try at a call, from its `started` to its end. */
export type Round = { round: number; possible_double_charge: boolean };

/** Fields that all journal entries of a call share. */
export const about = ({ request, scope, asked }: Call, round: number, at: Date) => {
  const { job_id, run_id, state, visit, ordinal } = scope;
  return { job_id, run_id, agent: request.agent, state, visit, ordinal, key: asked.key, round, at: at.toISOString() };
};
