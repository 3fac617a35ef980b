import * as z from 'zod';
import type { World } from '../../adapters/world.ts';
import { type JobContext, StagePayload } from '../../contracts/context.ts';
import { ROLLOUT_FLOW } from '../../contracts/flow.ts';
import { RolloutStage } from '../../contracts/job-spec.ts';
import type { JobState } from '../../contracts/job-state.ts';
import { fold } from '../lib/fold.ts';
import { identifyJob } from '../lib/open-job.ts';
import { canaryActor, canarySpec } from '../lib/rollout/canaries.ts';
import { canaryResult, hopeless, pauseFor } from '../lib/rollout/canary-result.ts';
import { decodeRollout } from '../lib/rollout/spec.ts';
import { LAST_WRITTEN } from '../lib/telemetry/rows.ts';
import { cancelJob } from './cancel.ts';
import { commit } from './commit.ts';
import { readRef } from './documents.ts';
import { openInput, parsePayload } from './run-stage.ts';
import { submitJob } from './submit.ts';

const STATE = 'Canary';
/** The state whose context the canaries of a stage are given. */
const PLANNED_FOR = ROLLOUT_FLOW.EnterStage.next;

const Item = z.object({ index: z.int().min(0) });

/** Seconds until every function knows the flags that the stage set; jobs opened earlier would go by the old ones. */
const untilInForce = (world: World, { last_at }: JobContext, stage: number): number => {
  if (stage === 0 || last_at === undefined) return 0;
  const since = world.timer().getTime() - Date.parse(last_at);
  return Math.max(0, Math.ceil((world.env.HOLDPOINT_FLAGS_MAX_AGE_MS - since) / 1000));
};

/** Rows are written right after the end: a canary is looked at again until they are there, for this long. */
const ROWS_AFTER_MS = 60_000;

/** Whether the rows of an ended canary may still come. */
const awaitsRows = async ({ telemetry, timer }: World, state: JobState): Promise<boolean> => {
  if (state.telemetry === 'off' || timer().getTime() - Date.parse(state.updated_at) > ROWS_AFTER_MS) return false;
  return (await telemetry.read(LAST_WRITTEN, state.job_id, state.created_at)).length === 0;
};

type Look = { ended: 'yes' | 'no'; wait_seconds: number };

/** A canary that cannot succeed any more is cancelled: nobody should be asked to decide for it. */
const endHopeless = async (world: World, rolloutId: string, state: JobState): Promise<{ state: JobState; because: string | null }> => {
  const because = hopeless(state, world.env.HOLDPOINT_ROLLOUT_RULES, world.timer());
  if (because === null) return { state, because };
  const reason = `canary of rollout ${rolloutId} ${because}`;
  return { state: await cancelJob(world, state.job_id, { reason, actor: canaryActor(rolloutId) }), because };
};

/**
 * One look at a canary: opens and starts it at the first, records its end at the last. Looked at again, it is the same job, and its
 * end is the same event.
 */
export const runCanary = async (world: World, raw: unknown): Promise<Look> => {
  const payload = parsePayload(StagePayload, raw);
  const context = await openInput(world, payload, [PLANNED_FOR]);
  const { index } = parsePayload(Item, payload.input);
  const visit = context.visits['EnterStage'] ?? 1;
  const stage = parsePayload(RolloutStage, visit - 1);
  const canary = canarySpec(await readRef(world, 'spec', context.refs, decodeRollout), context.job_id, stage, index);
  const identified = identifyJob(canary, world.env.knownSecrets);
  if (!identified.ok) throw new Error(`canary ${index} of rollout ${context.job_id}: ${identified.problem}`);

  const known = fold(await world.log.read(identified.job.job_id));
  const wait = known ? 0 : untilInForce(world, context, stage);
  if (wait > 0) return { ended: 'no', wait_seconds: wait };
  const now = known ?? (await submitJob(world, canary, canaryActor(context.job_id), { probe: stage === 0 })).state;
  const { state, because } = await endHopeless(world, context.job_id, now);
  if (state.status !== 'DONE') return { ended: 'no', wait_seconds: pauseFor(state, world.env.HOLDPOINT_ROLLOUT_RULES, world.timer()) };

  if (await awaitsRows(world, state)) return { ended: 'no', wait_seconds: 1 };
  const result = canaryResult(index, state, because);
  await commit(world, context, {
    event_type: 'CANARY_COMPLETED',
    state: STATE,
    visit,
    ordinal: index,
    actor: { type: 'stage', id: STATE, identity: 'none' },
    message: `canary ${index + 1} of stage ${stage}: ${result.outcome}${result.ok ? '' : ` (${result.reason})`}`,
    outputs: { stage, canary: result },
  });
  return { ended: 'yes', wait_seconds: 1 };
};
