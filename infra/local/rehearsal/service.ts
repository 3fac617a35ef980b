import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { JobEvent } from '../../../contracts/events.ts';
import { FlagList, JobView, VerifyPage } from '../../../contracts/http.ts';

const Detail = z.object({ job: JobView, events: z.array(JobEvent) });
export type Detail = z.infer<typeof Detail>;

/** A service as an operator uses it. Whatever it refuses throws. */
export type Service = ReturnType<typeof serviceAt>;

/** A job on a busy machine moves on well within this, in ms. */
const PATIENCE_MS = 120_000;
const LOOK_EVERY_MS = 50;

export const serviceAt = (web: string) => {
  const ask = async (path: string, body?: unknown, method = body === undefined ? 'GET' : 'POST', user = 'rehearsal'): Promise<unknown> => {
    const response = await fetch(web + path, {
      method,
      headers: { 'content-type': 'application/json', 'x-holdpoint-user': user },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${answer.slice(0, 500)}`);
    return JSON.parse(answer);
  };
  const read = async (jobId: string): Promise<Detail> => Detail.parse(await ask(`/jobs/${jobId}`));
  const until = async (jobId: string, done: (detail: Detail) => boolean): Promise<Detail> => {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const detail = await read(jobId);
      if (done(detail)) return detail;
      const { status, step, outcome } = detail.job;
      const where = [status, step, outcome].filter((part) => part !== null).join(' ');
      if (Date.now() > deadline || status === 'DONE') throw new Error(`job ${jobId} is ${where}: ${detail.events.at(-1)?.message}`);
      await delay(LOOK_EVERY_MS);
    }
  };
  const waits = (jobId: string, step: string): Promise<Detail> => until(jobId, ({ job }) => job.step === step);
  const decide = async (jobId: string, step: string, choice: 'approve' | 'reject'): Promise<void> => {
    const { job } = await waits(jobId, step);
    await ask(`/jobs/${jobId}/${choice}?step=${step}`, { subject_digest: job.subject_digest, comment: 'rehearsed' }, 'POST', 'approver');
  };
  return {
    ...{ read, waits, decide },
    ended: (jobId: string) => until(jobId, ({ job }) => job.status === 'DONE'),
    submit: async (spec: unknown): Promise<string> => JobView.parse(await ask('/jobs', spec)).job_id,
    flags: async (): Promise<Record<string, unknown>> =>
      Object.fromEntries(FlagList.parse(await ask('/flags')).flags.map(({ name, value }) => [name, value])),
    setFlag: (name: string, value: unknown) => ask(`/flags/${name}`, { value, reason: 'rehearsal' }, 'PUT'),
    kill: (to: string) => ask('/kill', { to, reason: 'rehearsal of an emergency' }),
    release: () => ask('/kill/release', { reason: 'the rehearsal is over' }),
    artifacts: async (jobId: string): Promise<string[]> =>
      z
        .object({ artifacts: z.array(z.looseObject({ path: z.string() })) })
        .parse(await ask(`/jobs/${jobId}/artifacts`))
        .artifacts.map(({ path }) => path),
    /** Problems of logs, of all there are. */
    problems: async (): Promise<string[]> => {
      const found: string[] = [];
      let after: string | null = '';
      while (after !== null) {
        const page: VerifyPage = VerifyPage.parse(await ask(`/verify?limit=20${after === '' ? '' : `&after=${after}`}`));
        found.push(...page.reports.flatMap(({ job_id, problems }) => problems.map(({ problem }) => `${job_id}: ${problem}`)));
        after = page.next;
      }
      return found;
    },
  };
};
