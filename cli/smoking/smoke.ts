import { StatusView } from '../../contracts/http.ts';
import { SMOKE_CHECKS, type SmokeCheck, SmokeCheckId, SmokeResult } from '../../contracts/smoke.ts';
import { verdictOf } from '../../functions/lib/smoke/judge.ts';
import type { Api } from '../api.ts';
import { CliError, EXIT, usage } from '../exit.ts';
import { loadJob, nextFor } from '../jobs.ts';
import { readyChecks } from '../rollout/ready-checks.ts';
import type { Context, Result } from '../runner.ts';
import { clean, padEnd } from '../text.ts';
import { verifyEverything } from '../verifying/all.ts';
import { keyFromServer } from '../verifying/key.ts';
import { counted } from '../verifying/verdict.ts';
import type { EventView } from '../views.ts';
import { watchJob } from '../watching.ts';
import { checkFixtures } from './fixtures.ts';
import { canaryCheck, endedEarly, readReport } from './read.ts';
import { submitSmoke } from './rollout.ts';

export type SmokeOptions = {
  env?: string | undefined;
  timeoutMs: number;
  /** Null: fixtures are not looked at. */
  fixtures: string | null;
};

/** What smoke came to; `waits` where the rollout asks a person and has no verdict yet. */
export type Smoked = { result: SmokeResult; events: EventView[] } | { waits: Result };

type Status = Pick<StatusView, 'env' | 'index'>;

const statusOf = async (api: Api): Promise<Status> => {
  try {
    return (await api.call('GET', '/status', StatusView)).body;
  } catch (error) {
    const answer = error instanceof CliError ? StatusView.safeParse(error.details['answer']) : null;
    if (answer?.success) return answer.data;
    throw error;
  }
};

const REBUILD = 'deploy the stack that has it, then run "holdpoint reconcile --once --restart-waiters"';

/** Without its table a service opens no job, and so no rollout can look. */
const tableCheck = ({ index }: Status): SmokeCheck => {
  if (index === 'missing') return { id: 'table', verdict: 'failed', reason: `the table is missing: ${REBUILD}` };
  if (index === 'outdated')
    return {
      id: 'schema',
      verdict: 'failed',
      reason: 'old schema: the table has no index that this build reads; deploy the state stack of this build',
    };
  return { id: 'table', verdict: 'failed', reason: 'the table cannot be reached: look at DynamoDB, and at the role of the function web' };
};

const logsCheck = async (context: Context, api: Api): Promise<SmokeCheck> => {
  const key = await keyFromServer(api, context.world.interrupted);
  const { logs, events, digests, problems } = await verifyEverything(api, key, () => undefined);
  const [first] = problems;
  const good = `${counted(logs, 'log')} with ${counted(events, 'event')} and ${counted(digests, 'digest')} verify`;
  if (!first) return { id: 'logs', verdict: 'ok', reason: good };
  const where = first.job_id === null ? 'the digests are' : `log ${first.job_id} is`;
  return {
    id: 'logs',
    verdict: 'failed',
    reason: `${where} not as written (${first.kind}: ${first.problem}); see "holdpoint verify --all"`,
  };
};

/** The later finding of a check stands, unless the earlier one failed. */
const merged = (checks: readonly SmokeCheck[]): SmokeCheck[] =>
  SmokeCheckId.options.map((id) => {
    const found = checks.filter((check) => check.id === id);
    return (
      found.find(({ verdict }) => verdict === 'failed') ?? found.at(-1) ?? { id, verdict: 'skipped', reason: 'smoke did not come so far' }
    );
  });

const resultOf = (checks: readonly SmokeCheck[], rollout: string | null, env: string, at: Date): SmokeResult =>
  SmokeResult.parse({
    ...{ schema_version: 'smoke_report_v1', verdict: verdictOf(checks), rollout, env, stage: 0 },
    ...{ checks: merged(checks), at: at.toISOString() },
  });

/**
 * Stage 0 of a rollout on a server, and what only a checkout can tell. Sets no flag but the one that lets checks run.
 * @throws CliError exit 69 where nothing answers, exit 2 where another environment does
 */
export const runSmoke = async (context: Context, { env, timeoutMs, fixtures }: SmokeOptions): Promise<Smoked> => {
  const api = await context.connect();
  const status = await statusOf(api);
  if (env !== undefined && env !== status.env)
    throw usage(`the server is environment "${status.env}", not "${env}"`, 'name the other one with --endpoint URL');
  const now = new Date(context.world.now());
  const own: SmokeCheck[] = [
    fixtures === null
      ? { id: 'fixtures', verdict: 'skipped', reason: 'not looked at, as --no-fixtures asks' }
      : await checkFixtures(fixtures, now),
  ];
  if (status.index !== 'ok') return { result: resultOf([tableCheck(status), ...own], null, status.env, now), events: [] };
  await readyChecks(context, api);
  const { job_id } = await submitSmoke(api);
  const { doc: job } = await watchJob(context, api, job_id, { until: 'waiting', timeoutMs });
  if (job.status !== 'DONE') {
    const reason = `no verdict yet: rollout ${job_id} is ${job.status}${job.step === null ? '' : ` at ${job.step}`}`;
    return { waits: { doc: job, exit: EXIT.waiting, reason, ...(nextFor(job) === null ? {} : { next: nextFor(job) ?? '' }) } };
  }
  const { events } = await loadJob(api, job_id);
  const report = await readReport(api, job_id);
  const seen = report?.checks ?? endedEarly(events);
  const checks = [...seen, canaryCheck(events, report), await logsCheck(context, api), ...own];
  return { result: resultOf(checks, job_id, status.env, now), events };
};

/** Every check in a line, and the verdict. */
export const saySmoke = ({ say, paint }: Context, { verdict, env, checks }: SmokeResult): void => {
  const colour = { ok: paint.green, failed: paint.red, skipped: paint.dim } as const;
  for (const { id, verdict: one, reason } of checks) say(`${colour[one](padEnd(one, 7))}  ${padEnd(id, 10)}  ${clean(reason)}`);
  const words = verdict === 'GO' ? paint.green('GO') : paint.red('NO-GO');
  say(`${words}  ${clean(env)} may ${verdict === 'GO' ? '' : 'not '}be rolled out to`);
};

/** The first failed check, for the last line. */
export const firstFailed = ({ checks }: SmokeResult): string => {
  const failed = checks.filter(({ verdict }) => verdict === 'failed');
  return `NO-GO: ${failed.map(({ id }) => `${id} (${SMOKE_CHECKS[id].toLowerCase()})`).join(', ')}`;
};
