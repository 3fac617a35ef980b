import type { OutputGuardReport } from '../../../contracts/guard.ts';
import type { Cassette } from '../../../contracts/llm.ts';
import { guard, readOutput } from '../guard/guard.ts';
import { recordedAgent } from './agents.ts';

/** What a recorded answer parses to: its JSON, or its text when it holds none. */
export const outputOf = ({ answer }: Pick<Cassette, 'answer'>): unknown => {
  const { value, error } = readOutput(answer.text);
  return error === null ? value : answer.text;
};

/**
 * Guards a recorded answer as the agent would (A2), with what its own question says. Throws `UnreadableDocument` for
 * an agent this build does not have, or a question it cannot read.
 */
export const judgeCassette = ({ match, answer }: Pick<Cassette, 'match' | 'answer'>): OutputGuardReport => {
  const { agent, prompt_version, output_schema_version } = match;
  const judge = recordedAgent(agent).judge(match);
  return guard(answer.text, { agent, prompt_version, output_schema_version, finish_reason: answer.finish_reason, ...judge });
};
