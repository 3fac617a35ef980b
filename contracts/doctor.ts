import * as z from 'zod';
import { AnswerLabels } from './agent-evidence.ts';

/** `doctor_note_v1`: what a model makes of a failure. Words for people: no field of it is a verdict, and none is ever routed on. */
export const DoctorNote = z.strictObject({
  schema_version: z.literal('doctor_note_v1'),
  explanation: z.string().min(1).max(1200),
  likely_cause: z.string().min(1).max(600),
  suggestions: z.array(z.string().min(1).max(300)).max(5),
});
export type DoctorNote = z.infer<typeof DoctorNote>;

/** `failure_note_v1`: a failure explained, beside its outcome and without a say in it. */
export const FailureNote = z.strictObject({
  schema_version: z.literal('failure_note_v1'),
  state: z.string(),
  /** Name of the error. */
  error: z.string(),
  /** Who explains: a known pattern, the doctor, or nobody. */
  source: z.enum(['hardening', 'doctor', 'none']),
  /** Name of the known pattern. */
  pattern: z.string().nullable(),
  explanation: z.string(),
  likely_cause: z.string().nullable(),
  suggestions: z.array(z.string()),
  /** Under what label the doctor's words may be shown. */
  labels: AnswerLabels.nullable(),
  doctor_call_skipped: z.boolean(),
  doctor_tokens_avoided_estimate: z.int().min(0),
});
export type FailureNote = z.infer<typeof FailureNote>;
