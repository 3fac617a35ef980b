import { JOB_SPEC_MAX_BYTES } from '../../contracts/job-spec.ts';
import type { Mode } from '../../contracts/llm.ts';
import { usage } from '../exit.ts';
import { readInput } from '../files.ts';
import { nextFor, sayJob } from '../jobs.ts';
import { parseMode, parseRunNumber, parseTimeout, parseUntil, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result } from '../runner.ts';
import { clean } from '../text.ts';
import { Job } from '../views.ts';
import { type Until, watchJob } from '../watching.ts';

type Options = CommonOptions & { wait?: true; until?: Until; timeout?: number; run?: number; mode?: Mode };

const TEN_MINUTES = 600_000;

/** The text as it is, unless another run number or mode was asked for. @throws CliError (exit 2) where it is no JSON */
const bodyOf = (text: string, file: string, { run, mode }: Pick<Options, 'run' | 'mode'>): string => {
  const name = file === '-' ? 'standard input' : file;
  let spec: unknown;
  try {
    spec = JSON.parse(text);
  } catch (error) {
    throw usage(`${name} is not JSON: ${error instanceof Error ? error.message : String(error)}`, 'sample job specs are in docs/examples/');
  }
  if (run === undefined && mode === undefined) return text;
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec))
    throw usage(`${name} is no JSON object, so it takes no --run or --mode`);
  return JSON.stringify({ ...spec, ...(run === undefined ? {} : { run }), ...(mode === undefined ? {} : { llm: { mode } }) });
};

const submitFile = async (context: Context, file: string, options: Options): Promise<Result> => {
  const body = bodyOf(await readInput(context.world, file, JOB_SPEC_MAX_BYTES), file, options);
  const api = await context.connect();
  const { status, body: job } = await api.call('POST', '/jobs', Job, { body });
  const created = status === 201;
  const { say, paint } = context;
  const waits = options.wait === true || options.until !== undefined || options.timeout !== undefined;
  if (!waits) sayJob(context, job);
  say(
    created ? `submitted job ${job.job_id}` : `job ${job.job_id} was there already: the same spec is the same job (--run N starts another)`,
  );
  say(`${paint.dim('page')} ${clean(api.url(job.links.page))}`);
  const next = nextFor(job);
  if (!waits && next !== null) say(`${paint.dim('next')} ${next}`);
  if (!waits) return { doc: { ...job, created } };
  const { doc, ...end } = await watchJob(context, api, job.job_id, {
    until: options.until ?? 'done',
    timeoutMs: options.timeout ?? TEN_MINUTES,
  });
  return { doc: { ...doc, created }, ...end };
};

export const submit: Verb = (program, run) => {
  withCommon(
    program
      .command('submit')
      .description('submit a job spec')
      .argument('<FILE>', 'job spec as JSON, or "-" for standard input')
      .option('--wait', 'follow the job until it is done')
      .option('--until <STATE>', 'done or waiting; follows the job', parseUntil)
      .option('--timeout <TIME>', 'follow no longer than this, such as 30s, 10m, 2h (default: 10m)', parseTimeout)
      .option('--run <N>', 'set the run number: the same work again, as another job', parseRunNumber)
      .option('--mode <MODE>', 'replay, record or live: how models answer; never less safe than the environment allows', parseMode),
  ).action((file: string, options: Options) => run(options, (context) => submitFile(context, file, options)));
};
