import type { World } from '../../adapters/world.ts';
import { BudgetExceeded } from '../../contracts/budget.ts';
import type { JobContext } from '../../contracts/context.ts';
import { BudgetEscalation, EvidenceMismatch } from '../../contracts/errors.ts';
import { modeFor } from '../../contracts/flags.ts';
import type { JobState } from '../../contracts/job-state.ts';
import { inOrder } from '../../contracts/llm-config.ts';
import type { Artifact, RunnerEffects, StageEffects } from '../../contracts/stage.ts';
import { limitsOf, mayEscalate } from '../lib/limits.ts';
import { allowCheck, allowExternalWrite, allowModelCall } from '../lib/switches/allow.ts';

/** Where the registry keeps its trials, one object each. */
const TRIALS = 'registry/trials/';
/** Trials that are read for one history: the newest. */
const MAX_TRIALS = 100;

/** How long a stage waits for an answer that it can do without, in ms: with the longest question it stays below a function's time limit. */
const PATIENCE_MS = 15_000;

/** The model, as flags, kill switch and the confirmation of live calls allow it now. */
const asker = (world: World, context: JobContext, visit: number, job: JobState | null, require_live: boolean): StageEffects['ask'] => {
  let ordinal = 0;
  const { llm } = world.env;
  const limits = job ? limitsOf(job, llm.budget) : llm.budget;
  const scope = { job_id: context.job_id, run_id: context.run_id, state: context.state, visit, limits, require_live };
  return async (request) => {
    const now = await world.switches.current();
    const mode = modeFor(now.flags, request.agent, context.mode);
    // What the job may do, not what is left of it: while flags cannot be read a live job waits, it is not replayed.
    allowModelCall(now, now.readable ? mode : context.mode);
    // The plan was approved in the mode of the job. A flag can only make it safer, which asks nobody again.
    const first = now.flags.llm_first;
    if (mode !== 'replay') world.requireConfirmed(job, inOrder(llm, first), context.mode);
    try {
      const answer = await world.model.ask(request, { ...scope, mode, ordinal: ordinal++, ...(first === null ? {} : { first }) });
      if (answer.cost_usd > 0) world.meter.add('LlmSpend', answer.cost_usd);
      if (answer.degraded) world.meter.add('DegradedAnswers', 1);
      return answer;
    } catch (thrown) {
      throw thrown instanceof BudgetExceeded && job && mayEscalate(job) ? new BudgetEscalation(thrown.message, { cause: thrown }) : thrown;
    }
  };
};

const textOf = async (world: World, key: string): Promise<string | null> => {
  const object = await world.artifacts.get(key);
  return object && new TextDecoder('utf-8', { fatal: true }).decode(object.body);
};

const newestTrials = async (world: World, jobId: string): Promise<string[]> => {
  const { flags } = await world.switches.current();
  // By default nothing of one job reaches another.
  if (!flags.history_pack) return [];
  const listed = await world.artifacts.list(TRIALS);
  const newest = listed
    .filter(({ key }) => key !== `${TRIALS}${jobId}.json`)
    .toSorted((a, b) => (b.modified ?? '').localeCompare(a.modified ?? '') || a.key.localeCompare(b.key))
    .slice(0, MAX_TRIALS);
  const texts = await Promise.all(newest.map(({ key }) => textOf(world, key)));
  return texts.filter((text) => text !== null);
};

const onceAt = async (world: World, key: string, make: () => Promise<string>): Promise<string> => {
  const before = await textOf(world, key);
  if (before !== null) return before;
  const made = await make();
  if (await world.artifacts.create(key, made, 'application/json')) return made;
  const first = await textOf(world, key);
  if (first === null) throw new EvidenceMismatch(`${key} was taken and is gone; restore it from its versions`);
  return first;
};

const runnerOf = ({ runner, switches }: World, jobId: string): RunnerEffects => ({
  repository: runner.repository,
  allowed: async () => {
    const now = await switches.current();
    allowCheck(now);
    return now.flags;
  },
  run: ({ path, ...request }) => runner.run({ ...request, prefix: `jobs/${jobId}/${path}` }),
});

/** What a stage may do besides answering, for one visit of a job to a state. */
export const effectsOf = (
  world: World,
  context: JobContext,
  visit: number,
  job: JobState | null,
  options: { requireLive?: boolean } = {},
): StageEffects => ({
  ask: asker(world, context, visit, job, options.requireLive ?? false),
  flags: async () => (await world.switches.current()).flags,
  history: () => newestTrials(world, context.job_id),
  once: (path, make) => onceAt(world, `jobs/${context.job_id}/${path}`, make),
  runner: runnerOf(world, context.job_id),
  patience: () => AbortSignal.timeout(PATIENCE_MS),
});

/**
 * Files outside the job are written only while the kill switch allows it.
 * @throws KillSwitchActive
 */
export const allowRegistryWrites = async (world: World, artifacts: readonly Artifact[]): Promise<void> => {
  const outside = artifacts.find(({ registry_key }) => registry_key !== undefined);
  if (outside?.registry_key !== undefined) allowExternalWrite(await world.switches.current(), outside.registry_key);
};
