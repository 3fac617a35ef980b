import * as z from 'zod';

/** `agent_question_v1`: what an agent answers when only a person can say how to go on. */
export const AgentQuestion = z.strictObject({
  schema_version: z.literal('agent_question_v1'),
  question: z.string().min(1).max(1000),
});
export type AgentQuestion = z.infer<typeof AgentQuestion>;
