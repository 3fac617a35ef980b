import * as z from 'zod';
import type { World } from '../../adapters/world.ts';
import { type JobContext, StagePayload } from '../../contracts/context.ts';
import { asError } from '../../contracts/errors.ts';
import type { Actor, EventDraft, JobEvent } from '../../contracts/events.ts';
import type { RolloutTarget } from '../../contracts/job-spec.ts';
import { SmokeResult } from '../../contracts/smoke.ts';
import { json } from '../lib/decode.ts';
import { eventId } from '../lib/event.ts';
import { fold } from '../lib/fold.ts';
import { canaryActor } from '../lib/rollout/canaries.ts';
import { flagsAfterRollback, rollbackStage } from '../lib/rollout/flags.ts';
import { breachWords } from '../lib/rollout/judge.ts';
import { progressOf } from '../lib/rollout/progress.ts';
import { decodeRollout } from '../lib/rollout/spec.ts';
import { noGoWords } from '../lib/smoke/judge.ts';
import { commit, readOwned } from './commit.ts';
import { readRef } from './documents.ts';
import { setFlagsBack } from './rollout.ts';
import { openInput, parsePayload } from './run-stage.ts';
import { showEnded } from './telemetry.ts';

const StateError = z.object({ Error: z.string(), Cause: z.string().default('') });
const Failed = z.object({ error: StateError.optional() });
const LambdaCause = z.object({ errorMessage: z.string() });

const SYSTEM: Actor = { type: 'system', id: 'rollback', identity: 'none' };
const MAX_WORDS = 2000;

const decodeSmoke = json(SmokeResult);

const words = (cause: string): string => {
  try {
    return LambdaCause.parse(JSON.parse(cause)).errorMessage;
  } catch {
    return cause;
  }
};

type Facts = Readonly<Record<string, unknown>>;

/** Why: what a state ended with, checks that failed, or the criteria that were breached. */
const reasonOf = (
  error: z.infer<typeof StateError> | undefined,
  facts: Facts,
  events: readonly JobEvent[],
): { reason: string; message: string } => {
  if (!error && facts['test_status'] === 'FAIL') {
    const by = facts['test_reason'] === 'person' ? 'by the word of a person' : 'see outputs/runner/test';
    return { reason: 'CHECKS_FAILED', message: `stage 0: the project's checks failed, ${by}` };
  }
  if (error) return { reason: error.Error, message: words(error.Cause).slice(0, MAX_WORDS) || error.Error };
  const last = progressOf(events).evidence.at(-1);
  return { reason: 'CRITERIA_BREACHED', message: (last ? breachWords(last) : 'a criterion was breached').slice(0, MAX_WORDS) };
};

/** What the look before stage 0 found; null where it said GO. */
const noGo = async (world: World, { facts, refs }: JobContext): Promise<{ reason: string; message: string } | null> => {
  if (facts['smoke'] !== 'no_go') return null;
  return {
    reason: 'SMOKE_NO_GO',
    message: `stage 0: ${noGoWords(await readRef(world, 'smoke_report', refs, decodeSmoke))}`.slice(0, MAX_WORDS),
  };
};

/** Sets the flags of a target back to where the rollout may stay. */
const setBack = async (world: World, rolloutId: string, target: RolloutTarget, events: readonly JobEvent[], why: string) => {
  const { reached, before } = progressOf(events);
  const to_stage = rollbackStage(reached ?? 0);
  // Stage 0 has set nothing: there is nothing to set back.
  const flags = (reached ?? 0) === 0 ? {} : flagsAfterRollback(target, before, to_stage);
  const reason = `rollout ${rolloutId} is rolled back: ${why}`.slice(0, MAX_WORDS);
  await setFlagsBack(world, flags, { reason, actor: canaryActor(rolloutId) });
  return { from_stage: reached, to_stage, flags };
};

/**
 * Rolls back and ends the rollout: flags first, so that a crash leaves the safe state and a log that says less, never the reverse.
 * The context may be meant for any state, since any state can fail.
 */
export const runRollback = async (world: World, raw: unknown): Promise<{ outcome: string; cause: string }> => {
  const payload = parsePayload(StagePayload, raw);
  const context = await openInput(world, payload, null);
  const { error } = parsePayload(Failed, payload.input);
  const { state: job, events } = await readOwned(world, context);
  const { reason, message } = (error ? null : await noGo(world, context)) ?? reasonOf(error, context.facts, events);
  if (job.status !== 'DONE' && !job.cancelled) {
    const { target } = await readRef(world, 'spec', context.refs, decodeRollout);
    const undone = await setBack(world, job.job_id, target, events, message);
    const place = { state: 'Rollback', visit: 1, ordinal: job.redrives, actor: SYSTEM, message };
    const drafts: EventDraft[] = [
      { ...place, event_type: 'ROLLED_BACK', outputs: { reason, ...undone } },
      { ...place, event_type: 'DONE', outputs: { status: 'rolled_back', reason } },
    ];
    const known = new Set(events.map(({ event_id }) => event_id));
    let at = { ...context, last_seq: job.last_seq, last_hash: job.last_hash };
    for (const draft of drafts.filter((one) => !known.has(eventId(job.job_id, one)))) {
      const { event } = await commit(world, at, draft);
      at = { ...at, last_seq: event.seq, last_hash: event.hash };
    }
  }
  const after = fold(await world.log.read(job.job_id));
  if (after) await showEnded(world, after).catch((thrown: unknown) => world.report(asError(thrown)));
  return { outcome: after?.status === 'DONE' ? after.outcome : 'rolled_back', cause: message };
};
