import type { LlmUsageEvent } from '../../../contracts/agent-evidence.ts';
import { DoctorNote } from '../../../contracts/doctor.ts';
import { pointerOf, readOutput } from '../guard/subject.ts';
import { redact } from '../redaction.ts';

export type ReadNote = { note: DoctorNote; problem: null } | { note: null; problem: string };

/** Reads the doctor's answer. A member it may not have, a verdict say, makes it no note at all. */
export const readDoctorNote = (text: string): ReadNote => {
  const { value, error } = readOutput(redact(text.toWellFormed()).text);
  if (error !== null) return { note: null, problem: `the answer is not JSON (${error})` };
  const parsed = DoctorNote.safeParse(value);
  if (parsed.success) return { note: parsed.data, problem: null };
  const [issue] = parsed.error.issues;
  return { note: null, problem: `the answer is no doctor_note_v1 (${pointerOf(issue?.path ?? [])}: ${issue?.message})` };
};

/** The row of a call, marked as the doctor's. */
export const asDoctorCall = (row: LlmUsageEvent): LlmUsageEvent => ({ ...row, is_doctor_call: true, doctor_model: row.model });
