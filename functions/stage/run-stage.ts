import * as z from 'zod';
import type { World } from '../../adapters/world.ts';
import { type JobContext, StagePayload, type UnsignedContext } from '../../contracts/context.ts';
import { asError, EvidenceMismatch, MalformedPayload } from '../../contracts/errors.ts';
import type { JobEvent } from '../../contracts/events.ts';
import { nextState } from '../../contracts/flow.ts';
import { ArtifactRef, type JobState } from '../../contracts/job-state.ts';
import type { KeyRing } from '../../contracts/ports.ts';
import type { Artifact, Decoder, Stage, StageEffects, StageOutput } from '../../contracts/stage.ts';
import { usageReport, usageRows } from '../lib/agent/usage.ts';
import { openContext, signContext } from '../lib/context.ts';
import { eventId } from '../lib/event.ts';
import { evolve, fold } from '../lib/fold.ts';
import { commit, readOwned } from './commit.ts';
import { readDocument } from './documents.ts';
import { allowRegistryWrites, effectsOf } from './effects.ts';
import { showEnded } from './telemetry.ts';

/** What a stage's event keeps of its result, so that a later run answers from the log. */
const Recorded = z.object({
  artifacts: z.array(ArtifactRef.extend({ name: z.string() })),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  route: z.record(z.string(), z.string()),
  items: z.int().min(0).optional(),
});
type Recorded = z.infer<typeof Recorded>;

type StageDocuments<R extends Reads, O extends Reads> = Parameters<Stage<R, O>['run']>[0]['docs'];
type Reads = Record<string, Decoder<unknown>>;

/** The kind of a stage's own event: one per state and visit, whatever its type. */
const RESULT = 'result';

export const parsePayload = <T>(schema: z.ZodType<T>, raw: unknown): T => {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new MalformedPayload(`payload at /${issue?.path.join('/')}: ${issue?.message}`);
};

const Input = z.object({ context: z.unknown(), error: z.unknown().optional() });

const Signed = z.object({ key_id: z.string() });

/** The key ring, fetched anew where the context was signed with a key that this process has not seen yet. */
const ringFor = async (world: World, context: unknown): Promise<KeyRing> => {
  const ring = await world.keyRing();
  const keyId = Signed.safeParse(context).data?.key_id;
  return keyId === undefined || Object.hasOwn(ring.keys, keyId) ? ring : world.keyRing({ fresh: true });
};

/** Opens the signed context of a state's input. */
export const openInput = async (
  world: World,
  payload: StagePayload,
  states: readonly string[] | null = [payload.state],
): Promise<JobContext> => {
  const { context } = parsePayload(Input, payload.input);
  return openContext(await ringFor(world, context), context, { run_id: payload.run_id, states });
};

/** @throws KillSwitchActive for files outside the job, before any file is written */
export const keepArtifacts = async (world: World, jobId: string, artifacts: readonly Artifact[]): Promise<Recorded['artifacts']> => {
  await allowRegistryWrites(world, artifacts);
  return Promise.all(
    artifacts.map(async ({ name, path, body, content_type, registry_key }) => {
      if (registry_key) await world.artifacts.create(registry_key, body, content_type);
      return { name, ...(await world.artifacts.put(`jobs/${jobId}/${path}`, body, content_type)) };
    }),
  );
};

const loadDocuments = async <R extends Reads, O extends Reads>(
  world: World,
  stage: Stage<R, O>,
  context: JobContext,
): Promise<StageDocuments<R, O>> => {
  const wanted = [
    ...Object.entries(stage.reads).map(([name, decode]) => ({ name, decode, optional: false })),
    ...Object.entries(stage.optional ?? {}).map(([name, decode]) => ({ name, decode, optional: true })),
  ];
  const entries = await Promise.all(
    wanted.map(async ({ name, decode, optional }) => {
      const ref = context.refs[name];
      if (!ref && optional) return [name, null];
      if (!ref) throw new EvidenceMismatch(`state ${context.state} needs "${name}", which no earlier state left`);
      return [name, await readDocument(world, name, ref, decode)];
    }),
  );
  return Object.fromEntries(entries);
};

/** The context for the state that `route` leads to, after `result`. */
const nextContext = (context: JobContext, visit: number, result: Recorded, head: JobEvent | null): UnsignedContext => ({
  ...context,
  state: nextState(context.state, result.route),
  visits: { ...context.visits, [context.state]: visit },
  refs: { ...context.refs, ...Object.fromEntries(result.artifacts.map(({ name, ...ref }) => [name, ref])) },
  facts: { ...context.facts, ...result.facts },
  ...(head ? { last_seq: head.seq, last_hash: head.hash, last_at: head.at } : {}),
});

/** Numbers from 0, for the items of a Map. */
const numbers = (count: number): number[] => Array.from({ length: count }, (_, item) => item);

const answer = async (world: World, before: JobContext, visit: number, result: Recorded, event: JobEvent | null) => {
  const context = signContext(await world.keyRing(), nextContext(before, visit, result, event));
  return result.items === undefined ? { context, ...result.route } : { context, items: numbers(result.items), ...result.route };
};

/** Artifacts that a failing stage leaves as evidence. */
const evidenceOf = (error: unknown): readonly Artifact[] =>
  error instanceof Error && 'artifacts' in error && Array.isArray(error.artifacts) ? error.artifacts : [];

const runKeepingEvidence = async (world: World, jobId: string, run: () => StageOutput | Promise<StageOutput>): Promise<StageOutput> => {
  try {
    return await run();
  } catch (error) {
    await keepArtifacts(world, jobId, evidenceOf(error));
    throw error;
  }
};

/** Effects of one function, for one visit. */
export type MoreEffects = (world: World, context: JobContext, job: JobState | null) => Partial<StageEffects>;

/**
 * Runs one stage for one state: verify context → (fold) → pure stage → artifacts → append event → sign the
 * next context. A stage whose event is in the log already answers from it.
 */
export const runStage = async <R extends Reads, O extends Reads>(
  world: World,
  stage: Stage<R, O>,
  raw: unknown,
  more: MoreEffects = () => ({}),
): Promise<Record<string, unknown>> => {
  const payload = parsePayload(StagePayload, raw);
  const context = await openInput(world, payload);
  const { job_id, state } = context;
  const visit = (context.visits[state] ?? 0) + 1;
  const draftId = { state, visit, kind: RESULT, event_type: 'DONE' as const };

  let job: JobState | null = null;
  const again = visit > 1 || context.mode !== 'replay';
  if (stage.folds === true || (stage.folds === 'revisit' && again) || context.replay_until > 0) {
    const owned = await readOwned(world, context);
    // In a run from the log the later events are not this visit's past.
    job = fold(owned.events.filter(({ seq }) => seq <= context.last_seq));
    const recorded = owned.events.find((e) => e.event_id === eventId(job_id, draftId));
    if (recorded?.event_type === 'DONE') return ended(world, null, recorded);
    if (recorded) return answer(world, context, visit, Recorded.parse(recorded.outputs['result']), recorded);
  }

  const docs = await loadDocuments(world, stage, context);
  const input = {
    job_id,
    run_id: context.run_id,
    state,
    visit,
    at: context.last_at ?? world.clock().toISOString(),
    docs,
    refs: context.refs,
    facts: context.facts,
    job,
  };
  const effects = {
    ...effectsOf(world, context, visit, job, { requireLive: stage.requireLive ?? false }),
    ...more(world, context, job),
  };
  const output = await runKeepingEvidence(world, job_id, () => stage.run(input, effects));
  const artifacts = await keepArtifacts(world, job_id, output.artifacts);
  const items = output.items === undefined ? {} : { items: output.items };
  const result: Recorded = { artifacts, facts: output.facts ?? {}, route: output.route ?? {}, ...items };
  if (!output.event) return answer(world, context, visit, result, null);

  const { event, recorded } = await commit(world, context, {
    ...draftId,
    event_type: output.event.event_type,
    step: output.event.step ?? null,
    actor: { type: 'stage', id: state, identity: 'none' },
    message: output.event.message ?? null,
    outputs: { ...output.event.outputs, result },
  });
  if (event.event_type === 'DONE') return ended(world, job, event);
  return answer(world, context, visit, recorded ? Recorded.parse(event.outputs['result']) : result, event);
};

/** What the model calls of a job that is over were billed. */
export const measureSpend = ({ meter }: World, { job_id, calls }: JobState): void =>
  meter.add('JobLlmSpend', usageReport(job_id, usageRows(calls)).total.cost_usd);

/** The last state has no next context: it shows the end in the projection and names the outcome. */
const ended = async (world: World, before: JobState | null, event: JobEvent): Promise<Record<string, unknown>> => {
  const state = before?.last_seq === event.seq - 1 ? evolve(before, event) : fold(await world.log.read(event.job_id, 0, event.seq));
  if (state) {
    measureSpend(world, state);
    // The log has the end: a row that lags is brought forward by whoever looks next.
    await showEnded(world, state).catch((error: unknown) => world.report(asError(error)));
  }
  return { outcome: event.outputs['status'] };
};
