import type { Command } from 'commander';
import * as z from 'zod';
import { StatusView } from '../../contracts/http.ts';
import { JOB_SPEC_MAX_BYTES, JobSpec, LAST_STAGE } from '../../contracts/job-spec.ts';
import { settingsText } from '../../functions/lib/rollout/words.ts';
import type { Api } from '../api.ts';
import { parseAssignment } from '../assignment.ts';
import { usage } from '../exit.ts';
import { readInput } from '../files.ts';
import { parseRunNumber, parseStage, parseTarget, parseTimeout, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result, Run } from '../runner.ts';
import { clean } from '../text.ts';
import { Job } from '../views.ts';
import { watchJob } from '../watching.ts';
import { loadRollout } from './find.ts';
import { nextForRollout, sayRollout } from './ladder.ts';
import { readyChecks } from './ready-checks.ts';

type Options = CommonOptions & {
  env?: string;
  target?: 'features';
  set: string[];
  through: number;
  canary: string[];
  run?: number;
  wait?: true;
  timeout?: number;
};

const TEN_MINUTES = 600_000;
/** Starts of the same rollout that are counted through. */
const MAX_RUNS = 1000;
const EXAMPLES = ['idea-trend', 'blueprint-breakout'].map((name) => new URL(`../../docs/examples/${name}.json`, import.meta.url).pathname);

const Spec = z.looseObject({ kind: z.enum(['idea', 'blueprint'], 'a canary is an idea or a blueprint') });

/** @throws CliError (exit 2) naming the file that is no job spec */
const readCanary = async (context: Context, file: string): Promise<unknown> => {
  const text = await readInput(context.world, file, JOB_SPEC_MAX_BYTES);
  const example = 'sample job specs are in docs/examples/';
  try {
    const parsed = Spec.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    throw usage(`${file} is no job spec of a canary: ${parsed.error.issues[0]?.message}`, example);
  } catch (error) {
    if (error instanceof SyntaxError) throw usage(`${file} is not JSON: ${error.message}`, example);
    throw error;
  }
};

const targetOf = ({ target, set }: Options) => {
  if (set.length === 0) return { kind: 'features' };
  if (target !== undefined)
    throw usage('--target and --set name two targets', 'say --set FLAG=VALUE for flags, or neither for the features of the system');
  const pairs = set.map((one) => parseAssignment(one, 'holdpoint rollout start --set intention_context=true'));
  return { kind: 'flags', set: Object.fromEntries(pairs.map(({ name, value }) => [name, value])) };
};

/** @throws CliError (exit 2) where the server is of another environment */
const refuseOther = async (api: Api, env: string | undefined): Promise<void> => {
  if (env === undefined) return;
  const { body } = await api.call('GET', '/status', z.looseObject(StatusView.shape));
  if (body.env !== env) {
    throw usage(
      `${clean(api.url('/'))} is of environment "${clean(body.env)}", not "${clean(env)}"; nothing was started`,
      `name a server of ${clean(env)} with --endpoint URL or HOLDPOINT_URL`,
    );
  }
};

/** Submits under the run that was named, else under the next that is free: another start is another rollout. */
const submit = async (api: Api, spec: object, run: number | undefined): Promise<{ job: Job; created: boolean }> => {
  for (let next = run ?? 1; next <= (run ?? MAX_RUNS); next++) {
    const { status, body: job } = await api.call('POST', '/jobs', Job, { body: { ...spec, run: next } });
    if (status === 201 || run !== undefined) return { job, created: status === 201 };
  }
  throw usage(`the same rollout was started ${MAX_RUNS} times`, 'name a free run with --run N');
};

/** Before anything is set or sent. @throws CliError (exit 2) naming the place that is wrong */
const refuseWrong = (spec: object): void => {
  const [issue] = JobSpec.safeParse(spec).error?.issues ?? [];
  if (issue)
    throw usage(`this is no rollout: ${clean(issue.path.join('/'))}: ${clean(issue.message)}`, 'see "holdpoint flags" and docs/examples/');
};

const start = async (context: Context, options: Options): Promise<Result> => {
  const { say, paint } = context;
  const target = targetOf(options);
  const files = options.canary.length > 0 ? options.canary : EXAMPLES;
  const canaries = await Promise.all(files.map((file) => readCanary(context, file)));
  const api = await context.connect();
  await refuseOther(api, options.env);
  const title = 'set' in target ? `Rollout of ${settingsText(target.set)}`.slice(0, 200) : 'Rollout of the features';
  const rollout = { schema_version: 'rollout_v1', target, through: options.through, canaries };
  const spec = { schema_version: 'job_spec_v1', kind: 'rollout', title, rollout };
  refuseWrong(spec);
  await readyChecks(context, api);
  const { job, created } = await submit(api, spec, options.run);
  say(created ? `started rollout ${job.job_id}` : `rollout ${job.job_id} was there already: --run named one that exists`);
  const waits = options.wait === true || options.timeout !== undefined;
  const timeoutMs = options.timeout ?? TEN_MINUTES;
  const end = waits ? await watchJob(context, api, job.job_id, { until: 'waiting', timeoutMs }) : {};
  const now = await loadRollout(api, job.job_id);
  sayRollout(context, now);
  say();
  say(`${paint.dim('page')} ${clean(api.url('/ui/rollout'))}`);
  if (!waits)
    say(
      `the validation runs the checks of the project and canaries now${options.through > 0 ? '; then it waits for your approval of stage 1, with what they showed' : ''}`,
    );
  const next = nextForRollout(now);
  if (next !== null) say(`${paint.dim('next')} ${next}`);
  return { ...end, doc: { ...now, created } };
};

const collect = (value: string, before: string[]): string[] => [...before, value];

export const addStart = (parent: Command, run: Run): void => {
  withCommon(
    parent
      .command('start')
      .description('start a staged rollout')
      .option('--env <ENV>', 'refuse a server of another environment')
      .option('--target <TARGET>', 'features: those of the system, stage by stage (the default)', parseTarget)
      .option('--set <FLAG=VALUE>', 'bring in these flags instead; may be repeated', collect, [])
      .option('--through <N>', `the last stage to enter, 0 to ${LAST_STAGE}`, parseStage, LAST_STAGE)
      .option('--canary <FILE>', 'job spec of a canary; may be repeated, and they take turns (default: two of docs/examples)', collect, [])
      .option('--run <N>', 'run number (default: the next that is free)', parseRunNumber)
      .option('--wait', 'follow it until it waits for a person or is over')
      .option('--timeout <TIME>', 'follow no longer than this, such as 30s, 10m, 2h (default: 10m)', parseTimeout),
  ).action((options: Options) => run(options, (context) => start(context, options)));
};
