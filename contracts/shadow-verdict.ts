import * as z from 'zod';
import { GATES, GateName } from './gate-report.ts';

const Verdict = z.enum(['passed', 'failed']);

/** `shadow_verdict_v1`: what a model would decide in place of the gates. It is compared, and decides nothing. */
export const ShadowVerdict = z.strictObject({
  schema_version: z.literal('shadow_verdict_v1'),
  verdict: Verdict,
  each: z.array(z.strictObject({ gate: GateName, verdict: Verdict })).max(GATES.length),
  reason: z.string().min(1).max(600),
});
export type ShadowVerdict = z.infer<typeof ShadowVerdict>;
