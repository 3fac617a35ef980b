import * as z from 'zod';
import { LlmCall } from '../../../contracts/agent-evidence.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import type { Decoder } from '../../../contracts/stage.ts';
import { json } from '../decode.ts';

const decodeCall = json(LlmCall);

/** Reads `llm_calls.jsonl`. */
export const decodeCalls: Decoder<LlmCall[]> = (text) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map(decodeCall);

const Listed = z.object({ call_id: z.string() });

/** Calls of earlier visits that ended without an event, so that no line of the log lists them yet. */
export const unlistedCalls = (calls: readonly LlmCall[] | null, job: JobState | null): LlmCall[] => {
  const listed = new Set((job?.calls ?? []).map((call) => Listed.safeParse(call).data?.call_id));
  return (calls ?? []).filter((call) => !listed.has(call.call_id));
};
