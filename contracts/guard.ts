import * as z from 'zod';

/** Stable names of the output guard's rules (A2). */
export const GUARD_RULES = ['schema', 'policy_keys', 'code', 'holdout_leakage', 'truncation', 'unsupported_numbers'] as const;
export const GuardRule = z.enum(GUARD_RULES);
export type GuardRule = z.infer<typeof GuardRule>;

export const Finding = z.strictObject({
  rule: GuardRule,
  /** RFC 6901 JSON pointer into the output; "" is the whole of it. */
  pointer: z.string(),
  message: z.string(),
});
export type Finding = z.infer<typeof Finding>;

/** `output_guard_report_v1`, beside every agent output. */
export const OutputGuardReport = z.strictObject({
  schema_version: z.literal('output_guard_report_v1'),
  agent: z.string(),
  prompt_version: z.string(),
  output_schema_version: z.string(),
  guard_status: z.enum(['passed', 'failed', 'repaired', 'skipped']),
  passed: z.boolean(),
  finding_count: z.int().min(0),
  findings: z.array(Finding),
});
export type OutputGuardReport = z.infer<typeof OutputGuardReport>;
