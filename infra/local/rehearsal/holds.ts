import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { JobDetail, Running } from './running.ts';

/** A point where jobs wait for people. */
export type HoldPoint = {
  /** What people know it by. */
  name: string;
  step: string;
  /** Whether nothing but recorded answers is needed to get there. */
  recorded: boolean;
  /** How the job is sent on. An output that cannot be used is sent back. */
  decision: 'approve' | 'revise' | 'resume';
  /** Brings a new job there, on the old build. */
  park(build: Running, spec: SpecOf): Promise<string>;
  /** Takes it the rest of the way, on the old build with another model configured: what was confirmed is not what holds now. */
  afterChange?(build: Running, jobId: string): Promise<void>;
};

/** A sample spec under a run number of its own, and with these changes. */
export type SpecOf = (file: string, mode: 'replay' | 'live') => Record<string, unknown>;

/** The slowest step of a job takes a second; a busy machine takes longer. In ms. */
const PATIENCE_MS = 30_000;
const EVERY_MS = 40;

/** What the job came to once it is not running, or the last that was seen of it. */
export const settled = async (
  build: Running,
  jobId: string,
  done: (detail: JobDetail) => boolean,
  patienceMs = PATIENCE_MS,
): Promise<JobDetail> => {
  const until = Date.now() + patienceMs;
  for (;;) {
    const detail = await build.read(jobId);
    if (done(detail) || Date.now() > until) return detail;
    await pause(EVERY_MS);
  }
};

const waitsAt =
  (step: string, after = 0) =>
  ({ job, events }: JobDetail): boolean =>
    job.status === 'DONE' || (job.status.startsWith('WAITING') && job.step === step && events.length > after);

/** Waits until the job waits at `step`. */
const reach = async (build: Running, jobId: string, step: string, after = 0): Promise<JobDetail> => {
  const detail = await settled(build, jobId, waitsAt(step, after));
  if (detail.job.status.startsWith('WAITING') && detail.job.step === step) return detail;
  const { status, step: at, outcome } = detail.job;
  throw new Error(`job ${jobId} is ${status} ${at ?? outcome ?? ''}, and did not come to ${step}`);
};

const send = async (build: Running, jobId: string, step: string, choice: 'approve' | 'revise', after = 0): Promise<number> => {
  const { job, events } = await reach(build, jobId, step, after);
  const problem = await build.post(`/jobs/${jobId}/${choice}?step=${step}`, { subject_digest: job.subject_digest, comment: 'rehearsed' });
  if (problem !== null) throw new Error(problem);
  return events.length;
};

const confirmed = async (build: Running, spec: SpecOf): Promise<string> => {
  const jobId = await build.submit(spec('idea-trend', 'live'));
  await send(build, jobId, 'llm_live_confirm', 'approve');
  return jobId;
};

/** A job after this many calls of its drafting agent: the first draft, and revisions of it. */
const drafted = async (build: Running, spec: SpecOf, calls: number): Promise<{ jobId: string; seen: number }> => {
  const jobId = await confirmed(build, spec);
  let seen = 0;
  for (let i = 1; i < calls; i++) seen = await send(build, jobId, 'blueprint', 'revise', seen);
  return { jobId, seen };
};

const at = async (build: Running, step: string, jobId: string): Promise<string> => {
  await reach(build, jobId, step);
  return jobId;
};

/** Runs `work` while the simulated model answers so. */
const answering = async <T>(build: Running, answers: Record<string, unknown>, work: () => Promise<T>): Promise<T> => {
  await build.answer(answers);
  try {
    return await work();
  } finally {
    await build.answer({});
  }
};

const QUESTION = { schema_version: 'agent_question_v1', question: 'Which holding period do you mean?' };

/** Every point where a job of the reference workflow can wait. */
export const HOLD_POINTS: readonly HoldPoint[] = [
  {
    ...{ name: 'approve blueprint', step: 'blueprint', recorded: true, decision: 'approve' },
    park: async (build, spec) => at(build, 'blueprint', await build.submit(spec('idea-trend', 'replay'))),
  },
  {
    ...{ name: 'approve runspec', step: 'runspec', recorded: true, decision: 'approve' },
    park: async (build, spec) => {
      const jobId = await build.submit(spec('idea-trend', 'replay'));
      await send(build, jobId, 'blueprint', 'approve');
      return at(build, 'runspec', jobId);
    },
  },
  {
    ...{ name: 'confirm live calls', step: 'llm_live_confirm', recorded: false, decision: 'approve' },
    park: async (build, spec) => at(build, 'llm_live_confirm', await build.submit(spec('idea-trend', 'live'))),
  },
  {
    ...{ name: 'confirm live calls of the report', step: 'llm_live_confirm', recorded: false, decision: 'approve' },
    park: async (build, spec) => {
      const jobId = await confirmed(build, spec);
      await send(build, jobId, 'blueprint', 'approve');
      return at(build, 'runspec', jobId);
    },
    afterChange: async (build, jobId) => {
      await send(build, jobId, 'runspec', 'approve');
      await at(build, 'llm_live_confirm', jobId);
    },
  },
  {
    ...{ name: 'output of the drafting agent refused', step: 'agent_output_invalid', recorded: false, decision: 'revise' },
    park: (build, spec) =>
      answering(build, { blueprint_v1: { not: 'a blueprint' } }, async () =>
        at(build, 'agent_output_invalid', await confirmed(build, spec)),
      ),
  },
  {
    ...{ name: 'question of the drafting agent', step: 'intent', recorded: false, decision: 'resume' },
    park: (build, spec) => answering(build, { blueprint_v1: QUESTION }, async () => at(build, 'intent', await confirmed(build, spec))),
  },
  {
    ...{ name: 'budget of the drafting agent', step: 'budget_escalation', recorded: false, decision: 'approve' },
    park: async (build, spec) => at(build, 'budget_escalation', (await drafted(build, spec, 3)).jobId),
  },
  {
    ...{ name: 'budget of the report', step: 'budget_escalation', recorded: false, decision: 'approve' },
    park: async (build, spec) => {
      const { jobId, seen } = await drafted(build, spec, 2);
      await send(build, jobId, 'blueprint', 'approve', seen);
      await send(build, jobId, 'runspec', 'approve');
      return at(build, 'budget_escalation', jobId);
    },
  },
  {
    ...{ name: 'output of the report refused', step: 'agent_output_invalid', recorded: false, decision: 'revise' },
    park: (build, spec) =>
      answering(build, { report_v1: { not: 'a report' } }, async () => {
        const jobId = await confirmed(build, spec);
        await send(build, jobId, 'blueprint', 'approve');
        await send(build, jobId, 'runspec', 'approve');
        return at(build, 'agent_output_invalid', jobId);
      }),
  },
];

/** Specs of the samples at `examples`, each under a run number of its own. */
export const sampleSpecs = (examples: URL): SpecOf => {
  let run = 70_000;
  return (file, mode) => {
    const spec: Record<string, unknown> = JSON.parse(readFileSync(new URL(`${file}.json`, examples), 'utf8'));
    return { ...spec, run: run++, llm: { mode } };
  };
};
