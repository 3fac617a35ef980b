import * as z from 'zod';
import { JobEvent } from '../../contracts/events.ts';
import { verifyChain } from '../../functions/lib/event.ts';
import { EXIT, usage } from '../exit.ts';
import { readInput } from '../files.ts';
import { loadEvents } from '../jobs.ts';
import { parseJobId, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result } from '../runner.ts';
import { clean } from '../text.ts';

type Options = CommonOptions & { file?: string };
type Problem = { seq: number | null; problem: string };

const MAX_FILE_BYTES = 256 * 1024 * 1024;
const SHOWN = 20;

// Loose: a member that was added must break the hash, not the reading.
const Stored = z.looseObject(JobEvent.shape);

const parseLine = (line: string, number: number): { event: JobEvent } | Problem => {
  try {
    const parsed = Stored.safeParse(JSON.parse(line));
    if (parsed.success) return { event: parsed.data };
    const [issue] = parsed.error.issues;
    return { seq: null, problem: `line ${number} is no job_event_v1: ${issue?.path.join('.')}: ${issue?.message}` };
  } catch {
    return { seq: null, problem: `line ${number} is not JSON` };
  }
};

/** Everything wrong with a log, given one event per line. Needs no server and no key. */
export const verifyLines = (
  lines: readonly string[],
  jobId: string | null,
): { events: number; head: string | null; job_id: string | null; problems: Problem[] } => {
  const read = lines.map((line, i) => parseLine(line, i + 1));
  const events = read.flatMap((one) => ('event' in one ? [one.event] : []));
  const problems: Problem[] = read.flatMap((one) => ('problem' in one ? [one] : []));
  if (lines.length === 0) problems.push({ seq: null, problem: 'there are no events' });
  const found = events[0]?.job_id ?? null;
  if (jobId !== null && found !== null && found !== jobId)
    problems.push({ seq: 1, problem: `the log is that of job ${found}, not ${jobId}` });
  // A log with unreadable lines has gaps anyway: the first reason is the one to show.
  const chain = problems.length === 0 ? verifyChain(events) : null;
  return { events: lines.length, head: events.at(-1)?.hash ?? null, job_id: found, problems: [...problems, ...(chain?.problems ?? [])] };
};

const report = (context: Context, source: string, checked: ReturnType<typeof verifyLines>): Result => {
  const { say, paint } = context;
  const { events, head, problems } = checked;
  const ok = problems.length === 0;
  const doc = { ok, source, ...checked };
  if (ok) {
    say(`${paint.green('verified')} ${clean(source)}: ${events} events, each hash and link is right`);
    say(`${paint.dim('head')} ${head}`);
    return { doc };
  }
  for (const { seq, problem } of problems.slice(0, SHOWN))
    say(`${paint.red('broken')} ${seq === null ? '' : `event ${seq}: `}${clean(problem)}`);
  if (problems.length > SHOWN) say(`and ${problems.length - SHOWN} more`);
  return {
    doc,
    exit: EXIT.bad,
    reason: `${source} does not verify: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}, first ${problems[0]?.problem}`,
  };
};

const verifyLog = async (context: Context, jobId: string | undefined, { file }: Options): Promise<Result> => {
  if ((jobId === undefined) === (file === undefined))
    throw usage('verify takes a job id or --file F.jsonl, one of them', 'see "holdpoint verify --help"');
  if (jobId !== undefined) {
    const events = await loadEvents(await context.connect(), jobId);
    const lines = events.map((event) => JSON.stringify(event));
    return report(context, `job ${jobId}`, verifyLines(lines, jobId));
  }
  const text = await readInput(context.world, file ?? '-', MAX_FILE_BYTES);
  const lines = text.split('\n').map((line) => line.trimEnd());
  while (lines.at(-1) === '') lines.pop();
  return report(context, file ?? '-', verifyLines(lines, null));
};

export const verify: Verb = (program, run) => {
  withCommon(
    program
      .command('verify')
      .description('check the hash chain of a log')
      .argument('[JOB]', 'job id: 12 hex characters', parseJobId)
      .option('--file <FILE>', 'check an exported log instead, without a server'),
  ).action((jobId: string | undefined, options: Options) => run(options, (context) => verifyLog(context, jobId, options)));
};
