import { type Command, Option } from 'commander';
import { DecisionView } from '../contracts/http.ts';
import { ApprovalStep, type Choice, STEPS } from '../contracts/steps.ts';
import type { Api } from './api.ts';
import { CliError, EXIT, usage } from './exit.ts';
import { loadJob, nextFor, sayJob } from './jobs.ts';
import { inWords } from './labels.ts';
import { JOB_ARGUMENT, parseDigest, parseStep, parseText, withCommon } from './options.ts';
import type { CommonOptions, Context, Result, Run } from './runner.ts';
import { signedFigures } from './signed-figures.ts';
import { clean } from './text.ts';
import { Decided, type EventView, type Job } from './views.ts';

export type DecisionOptions = { step?: ApprovalStep; comment?: string; digest?: string };

const EVENT: Record<Choice, readonly string[]> = {
  approve: ['APPROVED', 'APPROVAL_VOTED'],
  reject: ['REJECTED'],
  revise: ['REVISION_REQUESTED'],
};

type Subject = { step: string; digest: string };

/** Evidence of a decision that was already taken on this step: repeating it is answered, not refused. */
const decidedBefore = (events: readonly EventView[], step: string): string | null => {
  const types = Object.values(EVENT).flat();
  const event = events.findLast((e) => e.step === step && types.includes(e.event_type));
  const digest = event?.outputs['subject_digest'];
  return typeof digest === 'string' ? digest : null;
};

const notWaiting = (job: Job, step: string | undefined): CliError => {
  const what = step === undefined ? 'waits for no approval' : `does not wait for ${step}`;
  const next = nextFor(job) ?? `see its log with "holdpoint timeline ${job.job_id}"`;
  return new CliError('NOT_WAITING', EXIT.conflict, `job ${job.job_id} ${what}: it is ${inWords(job)}`, { next });
};

/** Which step and evidence the answer is for. @throws CliError (exit 5) when nothing waits there */
const subjectOf = (job: Job, events: readonly EventView[], { step, digest }: DecisionOptions): Subject => {
  if (job.status === 'WAITING_APPROVAL' && job.step !== null && (step === undefined || step === job.step)) {
    const seen = digest ?? job.subject_digest;
    if (seen !== null) return { step: job.step, digest: seen };
  }
  const before = step === undefined ? null : (digest ?? decidedBefore(events, step));
  if (step !== undefined && before !== null) return { step, digest: before };
  throw notWaiting(job, step);
};

const notIntact = (jobId: string, { step }: Subject): CliError =>
  new CliError('DECISION_CONFLICT', EXIT.conflict, `what step ${clean(step)} signs is gone or altered; nothing was approved`, {
    next: `ask operations to restore it, or "holdpoint reject ${jobId} --step ${clean(step)}"`,
  });

const consequence = (choice: Choice, step: string): string | undefined => {
  const known = ApprovalStep.safeParse(step);
  if (!known.success) return undefined;
  const { onApprove, onReject, onRevise } = STEPS[known.data];
  return { approve: onApprove, reject: onReject, revise: onRevise }[choice];
};

const saySubject = (context: Context, api: Api, job: Job, choice: Choice, { step, digest }: Subject, figures: string[]): void => {
  const { say, paint } = context;
  sayJob(context, job);
  const known = ApprovalStep.safeParse(step);
  if (known.success) say(`${step}: ${STEPS[known.data].question}`);
  for (const line of figures) say(`  ${line}`);
  say(`${paint.dim('evidence')} ${digest}`);
  say(`${paint.dim('page')} ${clean(api.url(job.links.page))}`);
  const then = consequence(choice, step);
  if (then !== undefined) say(`on ${choice}: ${then}`);
};

export const sayDecision = ({ say, paint }: Context, jobId: string, { decision, already_decided }: DecisionView): void => {
  const { event_type, step, by, at, seq, visit } = decision;
  const mark = already_decided ? paint.yellow('already decided') : paint.green('recorded');
  say(`${mark}: ${event_type} ${clean(step)} (visit ${visit}) by ${clean(by)} at ${clean(at)}, event ${seq}`);
  if (decision.comment) say(`${paint.dim(event_type === 'RESUMED' ? 'answer' : 'comment')} ${clean(decision.comment)}`);
  say(`${paint.dim('next')} holdpoint watch ${jobId}`);
};

/**
 * Shows the evidence a decision binds to, and sends it.
 * @throws CliError exit 5 when nothing waits, the evidence changed or is not what the log names, or somebody decided otherwise
 */
export const decideJob = async (context: Context, api: Api, jobId: string, choice: Choice, options: DecisionOptions): Promise<Result> => {
  const { job, events } = await loadJob(api, jobId);
  const subject = subjectOf(job, events, options);
  if (choice === 'revise' && consequence('revise', subject.step) === undefined) {
    throw usage(
      `step ${clean(subject.step)} cannot be sent back: it takes approve or reject`,
      `holdpoint reject ${jobId} --step ${clean(subject.step)}`,
    );
  }
  const figures = await signedFigures(api, job, events, subject);
  saySubject(context, api, job, choice, subject, figures.lines);
  if (choice === 'approve' && !figures.intact) throw notIntact(jobId, subject);
  const body = { subject_digest: subject.digest, ...(options.comment === undefined ? {} : { comment: options.comment }) };
  const path = `/jobs/${jobId}/${choice}?step=${encodeURIComponent(subject.step)}`;
  const { body: decided } = await api.call('POST', path, Decided, { body });
  sayDecision(context, jobId, decided);
  if (decided.decision.event_type === 'REJECTED' && options.comment === undefined) {
    context.note('no reason was recorded; --comment TEXT would have said why');
  }
  if (EVENT[choice].includes(decided.decision.event_type)) return { doc: decided };
  const { event_type, by } = decided.decision;
  return {
    doc: decided,
    exit: EXIT.conflict,
    reason: `step ${clean(subject.step)} was already decided: ${event_type} by ${by}; your ${choice} changed nothing`,
    next: `see who decided with "holdpoint timeline ${jobId}"`,
  };
};

/** Adds one of the three answers to the program. */
export const addDecision = (program: Command, run: Run, choice: Choice, about: string): void => {
  const comment = new Option('--comment <TEXT>', choice === 'revise' ? 'what to change' : 'why, kept in the log').argParser(parseText);
  withCommon(
    program
      .command(choice)
      .description(about)
      .argument(...JOB_ARGUMENT)
      .option('--step <STEP>', `the step to ${choice} (default: the one that waits)`, parseStep)
      .addOption(comment.makeOptionMandatory(choice === 'revise'))
      .option('--digest <DIGEST>', 'the evidence you looked at; refused when it has changed since', parseDigest),
  ).action((jobId: string, options: CommonOptions & DecisionOptions) =>
    run(options, async (context) => decideJob(context, await context.connect(), jobId, choice, options)),
  );
};
