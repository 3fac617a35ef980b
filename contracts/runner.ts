import * as z from 'zod';
import { Instant, Sha256 } from './ids.ts';

/** What a check is for: the project's own tests, or the state of a staging environment. */
export const RunnerPurpose = z.enum(['test', 'staging']);
export type RunnerPurpose = z.infer<typeof RunnerPurpose>;

/** The state that runs each purpose: one each, so that no two states write the same evidence. */
export const RUNNER_STATES: Readonly<Record<string, RunnerPurpose>> = { Checks: 'test', StagingChecks: 'staging' };

/** Attempts at a check before a person is asked. */
export const RUNNER_ATTEMPTS = 3;

/** The longest a command may take, in seconds. */
export const MAX_CHECK_SECONDS = 1500;

/** File at the root of a repository that holds its contract. */
export const CONTRACT_FILE = 'holdpoint.checks.json';

/** Whether a variable of this name is kept from commands. */
export const holdsSecret = (name: string): boolean => /KEY|SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|WEBHOOK|^AWS_/i.test(name);

/** Name of an environment variable that a command may see: never one that holds a secret. */
const VariableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'a variable is letters, digits and "_"')
  .refine((name) => !holdsSecret(name), 'a command is given no secrets: leave variables of keys, tokens and AWS_* out');

const Folder = z
  .string()
  .max(300)
  .regex(/^(\.|(?!\.\.?(\/|$))[A-Za-z0-9_.-]+(\/(?!\.\.?(\/|$))[A-Za-z0-9_.-]+){0,15})$/, 'a folder is "." or lies inside the repository');

const Argument = z
  .string()
  .max(4000)
  .refine((text) => !text.includes('\0'), 'an argument has no NUL');

/** Read-only look at a running Holdpoint: `GET /healthz`, `/status` and `/queue`. */
export const SmokeContract = z.strictObject({
  /** Variable that holds its address. */
  url_env: VariableName,
  /** For each of the three. */
  timeout_seconds: z.int().min(1).max(60).default(10),
  /** `open`: the check waits while something runs there. */
  serial_gate: z.enum(['open', 'any']).default('any'),
});
export type SmokeContract = z.infer<typeof SmokeContract>;

/** One check: a program and its arguments, started without a shell. */
export const Check = z.strictObject({
  purpose: RunnerPurpose,
  command: z
    .array(Argument)
    .min(1)
    .max(50)
    .refine(([program]) => program !== '', 'the first word is the program'),
  cwd: Folder.default('.'),
  timeout_seconds: z.int().min(1).max(MAX_CHECK_SECONDS),
  /** Variables it sees besides PATH, HOME, LANG and TMPDIR. */
  env: z.array(VariableName).max(50).default([]),
  smoke: SmokeContract.optional(),
});
export type Check = z.infer<typeof Check>;

/** `test_contract_v1`: what a repository wants run on it, one check for each purpose. */
export const TestContract = z.strictObject({
  schema_version: z.literal('test_contract_v1'),
  checks: z
    .array(Check)
    .min(1)
    .max(2)
    .refine((checks) => new Set(checks.map(({ purpose }) => purpose)).size === checks.length, 'a purpose has one check'),
});
export type TestContract = z.infer<typeof TestContract>;

/** What a command printed, redacted: the beginning and the end, where it was long. */
export const RunnerOutput = z.strictObject({
  text: z.string(),
  /** Printed in all. */
  bytes: z.int().min(0),
  truncated: z.boolean(),
  /** Secrets removed from what is kept. */
  redactions: z.int().min(0),
});
export type RunnerOutput = z.infer<typeof RunnerOutput>;

/** What the smoke saw. */
export const SmokeReport = z.strictObject({
  /** HTTP status, or null where nothing answered. */
  probes: z.array(z.strictObject({ path: z.string(), status: z.int().nullable(), problem: z.string().nullable() })),
  serial_gate: z.enum(['open', 'closed']).nullable(),
});
export type SmokeReport = z.infer<typeof SmokeReport>;

const document = {
  schema_version: z.literal('runner_result_v1'),
  purpose: RunnerPurpose,
  repository: z.string().min(1).max(201),
  /** Which attempt this is, from 1; 0 where nothing was run. */
  attempt: z.int().min(0),
};
const ran = {
  ...document,
  command: z.array(z.string()),
  at: Instant,
  duration_ms: z.int().min(0),
  output: RunnerOutput,
  smoke: SmokeReport.nullable(),
};

/** Errors of the tool, not of what it tested: none of them is a verdict. */
export const DeferReason = z.enum([
  'spawn_failed',
  'timeout',
  'aborted',
  'signal',
  'exit_75',
  'missing_result',
  'smoke_unanswered',
  'serial_gate',
  'report_disagrees',
]);
export type DeferReason = z.infer<typeof DeferReason>;

export const NotRunReason = z.enum(['disabled', 'out_of_scope', 'no_contract']);
export type NotRunReason = z.infer<typeof NotRunReason>;

/** `runner_result_v1`: what a check came to. Only an ordinary exit gives PASS or FAIL; everything else is DEFER, or was not run. */
export const RunnerResult = z.discriminatedUnion('result', [
  z.strictObject({ ...ran, result: z.literal('PASS'), exit_code: z.literal(0) }),
  z.strictObject({ ...ran, result: z.literal('FAIL'), reason: z.enum(['exit_code', 'smoke']), exit_code: z.int(), message: z.string() }),
  z.strictObject({
    ...ran,
    result: z.literal('DEFER'),
    reason: DeferReason,
    exit_code: z.int().nullable(),
    signal: z.string().nullable(),
    message: z.string(),
  }),
  z.strictObject({ ...document, result: z.literal('NOT_RUN'), reason: NotRunReason, message: z.string() }),
]);
export type RunnerResult = z.infer<typeof RunnerResult>;
export type ResultWord = RunnerResult['result'];

/** `status` of a report, by the `result` it must agree with. */
export const REPORT_STATUS = { PASS: 'passed', FAIL: 'failed', DEFER: 'deferred', NOT_RUN: 'not_run' } as const satisfies Record<
  ResultWord,
  string
>;

/** `runner_report_v1`: the front matter of `report.md`. A reader takes no verdict from it unless all of it agrees. */
export const RunnerReport = z.strictObject({
  schema_version: z.literal('runner_report_v1'),
  purpose: RunnerPurpose,
  result: z.enum(['PASS', 'FAIL', 'DEFER', 'NOT_RUN']),
  status: z.enum(['passed', 'failed', 'deferred', 'not_run']),
  /** Of a staging check: the same word as `result`. */
  staging_status: z.enum(['PASS', 'FAIL', 'DEFER', 'NOT_RUN']).optional(),
  attempt: z.int().min(0),
  /** Of the bytes of `runner_result_v1.json`. */
  result_sha256: Sha256,
});
export type RunnerReport = z.infer<typeof RunnerReport>;

/** `runner_build_v1`: a build that was started for an attempt. Its result is written by the build itself. */
export const RunnerBuild = z.strictObject({
  schema_version: z.literal('runner_build_v1'),
  build_id: z.string(),
  started_at: Instant,
});
export type RunnerBuild = z.infer<typeof RunnerBuild>;

/** One attempt that is asked for. */
export type RunnerRequest = {
  purpose: RunnerPurpose;
  repository: string;
  attempt: number;
  /** Key prefix that belongs to this attempt alone: names it, and is where a build leaves its result. */
  prefix: string;
};

/**
 * Runs checks. Every failure of the tool is a DEFER, never a throw.
 * @throws RunnerPending while a build works on it; asked again with the same request it gives the result
 */
export type RunnerPort = {
  /** The project's own repository: the scope when no other is listed. */
  repository: string;
  run(request: RunnerRequest): Promise<RunnerResult>;
};
