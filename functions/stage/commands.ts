import type { World } from '../../adapters/world.ts';
import { type Commands, type LoadedJob, Refusal } from '../../contracts/commands.ts';
import { asError } from '../../contracts/errors.ts';
import { type EventDraft, type JobEvent, MESSAGE_MAX } from '../../contracts/events.ts';
import type { DecisionView } from '../../contracts/http.ts';
import type { JobState } from '../../contracts/job-state.ts';
import { WATCHDOG } from '../../contracts/watchdog.ts';
import { type Answer, type Decision, decide, decideAnswer, decisionView, voteView } from '../lib/decide.ts';
import { findApproval, fold, toRecord } from '../lib/fold.ts';
import { redact } from '../lib/redaction.ts';
import { delegateApproval, openLink, revokeLinks } from './approval-commands.ts';
import { recordAudit } from './audit.ts';
import { cancelJob } from './cancel.ts';
import { deliver } from './deliver.ts';
import { soon } from './open-job.ts';
import { appendDecided } from './settle.ts';
import { submitJob } from './submit.ts';

/** A decision that was not delivered is looked for after this many ms. */
const REDELIVER_AFTER_MS = 2_000;

type Settled = { draft: EventDraft } | { already: DecisionView };

/** Order of a decision: bring the reconciler forward → append → answer the waits → show it. */
const settle = async (world: World, jobId: string, decideOn: (state: JobState) => Settled): Promise<DecisionView> => {
  // The same instant throughout: an index whose key stays is written once, not twice.
  const again = soon(world, REDELIVER_AFTER_MS);
  const [row] = await Promise.all([world.index.get(jobId), world.index.checkSoon(jobId, again)]);
  const decided = (state: JobState) => {
    const decision = decideOn(state);
    return 'already' in decision ? { settled: decision.already } : { draft: decision.draft };
  };
  const result = await appendDecided(world, jobId, decided, row?.last_seq);
  // The decision stands: what fails from here on is sent again by the reconciler.
  await deliver(world, result.state).catch((error: unknown) => world.report(asError(error)));
  if ('settled' in result) return result.settled;
  const { state, visit } = result.event.outputs;
  const approval = findApproval(result.state, { state: String(state), visit: Number(visit) });
  const view = approval && (decisionView(approval, false) ?? voteView(approval, result.event.actor.id, false, result.event.seq));
  if (!view) throw new Error(`decision ${result.event.event_id} of job ${jobId} was appended but does not fold`);
  await world.index.put(toRecord(result.state), again).catch((error: unknown) => world.report(asError(error)));
  return view;
};

/** Reading a job repairs its row when a status change did not reach the projection. */
const load = async (world: World, jobId: string): Promise<LoadedJob | null> => {
  const row = await world.index.get(jobId);
  const events = await world.log.read(jobId, 0, row?.last_seq);
  const state = fold(events);
  if (!state) return null;
  const record = toRecord(state);
  const lags = !row || row.status !== record.status || row.step !== record.step || row.visit !== record.visit;
  if (lags && record.last_seq > (row?.last_seq ?? 0)) await world.index.put(record, soon(world, REDELIVER_AFTER_MS));
  return { state, events };
};

/** What came after `after`. Null where there is no such job. */
const eventsAfter = async (world: World, jobId: string, after: number, through?: number): Promise<JobEvent[] | null> => {
  const events = await world.log.read(jobId, after, through, through === undefined ? undefined : through - after);
  return events.length > 0 || (await world.index.get(jobId)) ? events : null;
};

/** Refusals that say somebody tried what they may not. */
const WORTH_NOTING: readonly string[] = ['FORBIDDEN', 'SELF_APPROVAL', 'DECISION_CONFLICT'];

/** A decision that is refused leaves no trace in the job, and one in the audit log. */
const noted = async <T>(
  world: World,
  jobId: string,
  { actor, step, choice, channel }: Pick<Decision, 'actor' | 'step' | 'channel'> & { choice: string },
  work: () => Promise<T>,
): Promise<T> => {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Refusal && WORTH_NOTING.includes(thrown.code)) {
      const outputs = { job_id: jobId, code: thrown.code, choice, channel };
      await recordAudit(world, { event_type: 'DECISION_REFUSED', actor, step, message: thrown.message, outputs });
    }
    throw thrown;
  }
};

/** What people say goes into the log: without the secrets they may have pasted, and no longer for their markers. */
const spoken = (world: World, text: string): string =>
  redact(text, { secrets: world.env.knownSecrets }).text.slice(0, MESSAGE_MAX).toWellFormed();

const spokenIfAny = (world: World, text: string | null): string | null => text && spoken(world, text);

/** Rarely asked for by people, so nobody else waits for it to load. */
const reconciler = () => import('./reconcile/reconcile.ts');

/** The commands over a world. */
export const createCommands = (world: World): Commands => ({
  submit: (spec, actor) => submitJob(world, spec, actor),
  load: (jobId) => load(world, jobId),
  eventsAfter: (jobId, after, through) => eventsAfter(world, jobId, after, through),
  decide: (jobId, command) => {
    const comment = spokenIfAny(world, command.comment);
    return noted(world, jobId, command, () => settle(world, jobId, (state) => decide(state, { ...command, comment })));
  },
  delegate: (jobId, command) => noted(world, jobId, { ...command, choice: 'delegate' }, () => delegateApproval(world, jobId, command)),
  revokeLinks: async (jobId, command) => {
    const state = await revokeLinks(world, jobId, command);
    const { step, approver, actor, channel } = command;
    const outputs = { job_id: jobId, approver, ...(channel ? { channel } : {}) };
    await recordAudit(world, { event_type: 'LINK_REVOKED', actor, step, message: null, outputs });
    return state;
  },
  openLink: (capability) => openLink(world, capability),
  redrive: async (jobId, command) =>
    (await reconciler()).redriveJob(world, jobId, { ...command, reason: spokenIfAny(world, command.reason) }),
  resume: async (jobId, command: Answer) => {
    const answer = spoken(world, command.answer);
    const settled = (given: string) => settle(world, jobId, (state) => decideAnswer(state, { ...command, answer: given }));
    return noted(world, jobId, { ...command, choice: 'resume' }, async () =>
      command.step === WATCHDOG.step ? (await reconciler()).answerWatchdog(world, jobId, { answer, settle: settled }) : settled(answer),
    );
  },
  cancel: (jobId, command) => cancelJob(world, jobId, { ...command, reason: spokenIfAny(world, command.reason) }),
  rollBack: async (jobId, command) =>
    (await import('./roll-back.ts')).rollBackJob(world, jobId, { ...command, reason: spokenIfAny(world, command.reason) }),
  reconcile: async (options) => (await reconciler()).reconcile(world, options),
});
