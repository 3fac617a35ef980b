import type { JobContext } from '../../contracts/context.ts';
import { reviseState } from '../../contracts/flow.ts';
import type { Mode } from '../../contracts/llm.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { sha256Hex } from '../lib/hash.ts';

/** Artifacts each step asks about: the approval covers exactly these bytes. */
const SUBJECTS: Record<string, Record<string, readonly string[]>> = {
  blueprint: { '*': ['blueprint', 'intent_guard'] },
  runspec: { '*': ['runspec'] },
  agent_output_invalid: { HoldIntentOutput: ['intent_output', 'intent_guard'], HoldReportOutput: ['report_output', 'report_guard'] },
};

/** Revisions of one state before only yes or no remain. */
const MAX_REVISIONS = 5;

const DAY_MS = 24 * 60 * 60 * 1000;
const EXPIRES_AFTER_DAYS = 7;

export type Opening = {
  subject: { name: string; key: string; sha256: string }[];
  subject_digest: string;
  choices: string[];
  expires_at: string;
};

/** Digest of what is signed: sha256 over the canonical list of (name, key, sha256). */
export const subjectDigest = (subject: Opening['subject']): string => `sha256:${sha256Hex(canonicalJson(subject))}`;

const choicesOf = (state: string, visit: number, kind: string): string[] => {
  const to = reviseState(state);
  // A hand-written blueprint has no agent that could draft it again.
  const revisable = to !== null && visit <= MAX_REVISIONS && !(kind === 'blueprint' && to === 'Intent');
  return ['approve', 'reject', ...(revisable ? ['revise'] : [])];
};

/** What an approval asks: the evidence as the signed context names it, the answers it takes, and until when. */
export const openApproval = (context: JobContext, step: string, visit: number, at: string): Opening => {
  const names = SUBJECTS[step]?.[context.state] ?? SUBJECTS[step]?.['*'] ?? [];
  const subject = names.flatMap((name) => {
    const ref = context.refs[name];
    return ref ? [{ name, key: ref.key, sha256: ref.sha256 }] : [];
  });
  return {
    subject,
    subject_digest: subjectDigest(subject),
    choices: choicesOf(context.state, visit, String(context.facts['kind'] ?? 'idea')),
    expires_at: new Date(Date.parse(at) + EXPIRES_AFTER_DAYS * DAY_MS).toISOString(),
  };
};

/** Why a checkpoint lets the job pass without a person, or null when somebody must sign. */
export const passesByItself = (step: string, mode: Mode, providers: readonly string[]): string | null => {
  if (step !== 'llm_live_confirm') return null;
  if (mode === 'replay') return 'mode is replay: answers come from recorded cassettes, no model is called';
  if (providers.every((provider) => provider === 'mock'))
    return `every provider in the chain is mock: no real model is called in mode ${mode}`;
  return null;
};
