import type * as z from 'zod';
import type { Finding, GuardRule, OutputGuardReport } from '../../../contracts/guard.ts';
import { code } from './code.ts';
import { holdoutLeakage } from './holdout-leakage.ts';
import { unsupportedNumbers } from './numbers.ts';
import { policyKeys } from './policy-keys.ts';
import { type GuardContext, pointerOf, type Subject, subjectOf } from './subject.ts';

export type { SupportedNumbers } from './numbers.ts';
export { policyKeysOf } from './policy-keys.ts';
export { type GuardContext, readOutput } from './subject.ts';

type Found = Omit<Finding, 'rule'>;

/** Findings kept of one report; `finding_count` counts all. */
const MAX_FINDINGS = 100;

/** Issues of a value against a zod schema, with pointers. */
export const schemaIssues =
  (schema: z.ZodType) =>
  (value: unknown): Found[] =>
    schema.safeParse(value).error?.issues.map(({ path, message }) => ({ pointer: pointerOf(path), message })) ?? [];

const schema = ({ value, parseError }: Subject, context: GuardContext): Found[] =>
  parseError === null
    ? context.schemaIssues(value)
    : [{ pointer: '', message: `the answer is not JSON (${parseError}); ${context.output_schema_version} is expected` }];

const truncation = (_: Subject, { finish_reason }: GuardContext): Found[] =>
  finish_reason === 'stop' || finish_reason === 'other'
    ? []
    : [{ pointer: '', message: `the answer is incomplete: the model stopped with finish_reason "${finish_reason}"` }];

/** The rules, by the names findings carry. */
const RULES: readonly { rule: GuardRule; check: (subject: Subject, context: GuardContext) => Found[] }[] = [
  { rule: 'schema', check: schema },
  { rule: 'policy_keys', check: policyKeys },
  { rule: 'code', check: code },
  { rule: 'holdout_leakage', check: holdoutLeakage },
  { rule: 'truncation', check: truncation },
  { rule: 'unsupported_numbers', check: unsupportedNumbers },
];

const findings = (subject: Subject, context: GuardContext): Finding[] => {
  const seen = new Set<string>();
  return RULES.flatMap(({ rule, check }) =>
    check(subject, context).flatMap(({ pointer, message }) => {
      const id = JSON.stringify([rule, pointer, message]);
      if (seen.has(id)) return [];
      seen.add(id);
      return [{ rule, pointer, message }];
    }),
  );
};

/** Judges an agent's output (A2). Pure; a replayed answer is judged like a live one. */
export const guard = (output: string, context: GuardContext): OutputGuardReport => {
  const subject = subjectOf(output);
  const found = findings(subject, context);
  const passed = found.length === 0;
  return {
    schema_version: 'output_guard_report_v1',
    agent: context.agent,
    prompt_version: context.prompt_version,
    output_schema_version: context.output_schema_version,
    guard_status: passed ? (subject.repaired ? 'repaired' : 'passed') : 'failed',
    passed,
    finding_count: found.length,
    findings: found.slice(0, MAX_FINDINGS),
  };
};
