import { usage } from '../exit.ts';
import { readInput } from '../files.ts';
import { parseJobId, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result } from '../runner.ts';
import { verifyEverything } from '../verifying/all.ts';
import { linesOf, verifyLines } from '../verifying/file.ts';
import { verifyJob } from '../verifying/job.ts';
import { keyFromFile, keyFromServer } from '../verifying/key.ts';
import { counted, sayVerdict } from '../verifying/verdict.ts';

type Options = CommonOptions & { all?: true; file?: string; digests?: string; key?: string };

const MAX_FILE_BYTES = 256 * 1024 * 1024;

const ofFile = async (context: Context, file: string, { key, digests }: Options): Promise<Result> => {
  const pinned = key === undefined ? null : await keyFromFile(context.world, key);
  const texts = [await readInput(context.world, file, MAX_FILE_BYTES)];
  if (digests !== undefined) texts.push(await readInput(context.world, digests, MAX_FILE_BYTES));
  const verdict = verifyLines(file, texts.flatMap(linesOf), pinned);
  return sayVerdict(context, verdict, { key_id: pinned?.id ?? null });
};

const ofAll = async (context: Context, { key }: Options): Promise<Result> => {
  const api = await context.connect();
  const used = key === undefined ? await keyFromServer(api, context.world.interrupted) : await keyFromFile(context.world, key);
  const { logs, events, digests, problems } = await verifyEverything(api, used, (done) => {
    if (context.live) context.note(`${done} logs verified`);
  });
  const verdict = {
    source: `everything: ${counted(logs, 'log')}, ${counted(digests, 'digest')}`,
    job_id: null,
    events,
    head: null,
    signed_through: events,
    problems,
  };
  const { say, paint } = context;
  if (problems.length > 0) return sayVerdict(context, verdict, { logs, digests, key_id: used.id });
  say(`${paint.green('verified')} ${counted(logs, 'log')} with ${counted(events, 'event')}, and ${counted(digests, 'digest')} over them`);
  return { doc: { ok: true, logs, events, digests, key_id: used.id, problems } };
};

const ofJob = async (context: Context, jobId: string, { key }: Options): Promise<Result> => {
  const api = await context.connect();
  const used = key === undefined ? await keyFromServer(api, context.world.interrupted) : await keyFromFile(context.world, key);
  return sayVerdict(context, await verifyJob(api, jobId, used), { key_id: used.id });
};

const verifyAny = (context: Context, jobId: string | undefined, options: Options): Promise<Result> => {
  const { all, file, digests } = options;
  if ([jobId, all, file].filter((one) => one !== undefined).length !== 1)
    throw usage('verify takes a job id, --all or --file F.jsonl, one of them', 'see "holdpoint verify --help"');
  if (digests !== undefined && file === undefined) throw usage('--digests belongs to --file', 'see "holdpoint verify --help"');
  if (file !== undefined) return ofFile(context, file, options);
  return jobId === undefined ? ofAll(context, options) : ofJob(context, jobId, options);
};

export const verify: Verb = (program, run) => {
  withCommon(
    program
      .command('verify')
      .description('prove that a log is as it was written: hashes, links, signed digests')
      .argument('[JOB]', 'job id: 12 hex characters', parseJobId)
      .option('--all', 'verify every log and every digest')
      .option('--file <FILE>', 'verify an exported log instead, without a server')
      .option('--digests <FILE>', 'digests of that log, where they are in a file of their own')
      .option('--key <FILE>', 'public key of the digests, PEM (default: what the server gives)'),
  ).action((jobId: string | undefined, options: Options) => run(options, async (context) => verifyAny(context, jobId, options)));
};
