import { type Command, InvalidArgumentError } from 'commander';
import * as z from 'zod';
import { EVENT_TYPES } from '../contracts/events.ts';
import { ActorId, AgentId, JobId, RunId, SnapshotId, SubjectDigest } from '../contracts/ids.ts';
import { LAST_STAGE } from '../contracts/job-spec.ts';
import { JobStatus } from '../contracts/job-state.ts';
import { MODES } from '../contracts/llm.ts';
import { SymbolName } from '../contracts/snapshot.ts';
import { APPROVAL_STEPS, QUESTION_STEPS } from '../contracts/steps.ts';
import { KillTarget } from '../contracts/switches.ts';
import { TIERS } from '../functions/lib/cassette/drift.ts';
import { parseDuration } from './duration.ts';
import { DEFAULT_DATA } from './endpoint.ts';
import type { Run } from './runner.ts';

/** A file in verbs/ exports one of these: it adds its command to the program. */
export type Verb = (program: Command, run: Run) => void;

const checked =
  <T>(schema: z.ZodType<T, string>) =>
  (value: string): T => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(`${parsed.error.issues[0]?.message}.`);
  };

const oneOf = <const T extends readonly string[]>(allowed: T, convert: (value: string) => string = (value) => value) =>
  checked(
    z
      .string()
      .transform(convert)
      .pipe(z.enum(allowed, `allowed: ${allowed.join(', ')}`)),
  );

const wholeNumber = (from: number, to: number) => {
  const message = `a whole number from ${from} to ${to} is needed`;
  return checked(
    z
      .string()
      .regex(/^\d{1,9}$/, message)
      .transform(Number)
      .pipe(z.number().min(from, message).max(to, message)),
  );
};

export const parseJobId = checked(JobId);
export const parseRunId = checked(RunId);
export const parseSnapshotId = checked(SnapshotId);
export const parseDigest = checked(SubjectDigest);
// A header carries Latin-1: any other letter would arrive as another one.
export const parseActor = checked(ActorId.regex(/^[\u0020-\u00ff]*$/, 'a name on the command line is of Latin letters'));
export const parseStep = oneOf(APPROVAL_STEPS);
export const parseQuestionStep = oneOf(QUESTION_STEPS);
export const parseMode = oneOf(MODES);
export const parseStatus = oneOf(JobStatus.options, (value) => value.toUpperCase());
export const parseEventType = oneOf(EVENT_TYPES, (value) => value.toUpperCase());
export const parseKillTarget = oneOf(KillTarget.options);
export const parseUntil = oneOf(['done', 'waiting']);
/** Name of an environment. */
export const parseEnvironment = checked(
  z.string().regex(/^[a-z][a-z0-9-]{1,20}$/, 'an environment is 2-21 lower-case letters, digits or "-"'),
);
export const parsePort = wholeNumber(0, 65_535);
export const parseLimit = wholeNumber(1, 200);
export const parseRunNumber = wholeNumber(1, 1_000_000);
export const parseStage = wholeNumber(0, LAST_STAGE);
export const parseTarget = oneOf(['features']);
export const parseDays = wholeNumber(1, 36_500);
export const parseAgent = checked(AgentId);
export const parseTier = oneOf(TIERS);
/** Name of a fixture's folder. */
export const parseCase = checked(
  z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'a case is 1-63 lower-case letters, digits, "-" or "_", starting with a letter or digit'),
);
export const parseUrl = checked(z.url({ protocol: /^https?$/, error: 'an address that starts with http:// or https:// is needed' }));

/** Free text up to `max` characters. */
const shortText = (max: number) => checked(z.string().trim().min(1, 'it is empty').max(max, `at most ${max} characters are kept`));

/** Text for the log. */
export const parseText = shortText(4000);
export const parseSource = shortText(500);
export const parseSymbol = checked(SymbolName);

export const parseTimeout = (value: string): number => {
  const ms = parseDuration(value);
  if (ms === null) throw new InvalidArgumentError('a duration like 30s, 10m, 2h or plain seconds is needed, at most 24d.');
  return ms;
};

/** An argument that names a job, or may. */
export const JOB = (name: string, about: string) => [name, about, parseJobId] as const;
export const JOB_ARGUMENT = ['<JOB>', 'job id: 12 hex characters', parseJobId] as const;

/** The options every verb takes. */
export const withCommon = (command: Command): Command =>
  command
    .optionsGroup('Common options:')
    .option('--json', 'print one JSON document and nothing else')
    .option('--endpoint <URL>', 'server (default: HOLDPOINT_URL, else the running local cloud)', parseUrl)
    .option('--data <DIR>', 'data folder of the local cloud', DEFAULT_DATA)
    .option('--as <NAME>', 'who acts (local environment only)', parseActor);
