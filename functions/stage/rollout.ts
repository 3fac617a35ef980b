import type { World } from '../../adapters/world.ts';
import { Refusal } from '../../contracts/commands.ts';
import type { JobContext } from '../../contracts/context.ts';
import { ContextPack } from '../../contracts/context-pack.ts';
import { UnreadableDocument } from '../../contracts/errors.ts';
import type { Actor, JobEvent } from '../../contracts/events.ts';
import type { CanaryResult, Observation } from '../../contracts/rollout.ts';
import type { RolloutEffects } from '../../contracts/stage.ts';
import type { TelemetryRows } from '../../contracts/telemetry.ts';
import { json } from '../lib/decode.ts';
import { canaryActor } from '../lib/rollout/canaries.ts';
import type { Settings } from '../lib/rollout/flags.ts';
import { baselineOf, progressOf } from '../lib/rollout/progress.ts';
import { packPaths, telemetryRows } from '../lib/telemetry/rows.ts';
import type { MoreEffects } from './run-stage.ts';
import { createSwitchCommands } from './switches.ts';

const decodePack = json(ContextPack);

/** A context as evidence; null where it is gone or cannot be read. */
const readPack = async (world: World, key: string): Promise<ContextPack | null> => {
  const object = await world.artifacts.get(key);
  if (!object) return null;
  try {
    return decodePack(new TextDecoder().decode(object.body));
  } catch (error) {
    if (error instanceof UnreadableDocument) return null;
    throw error;
  }
};

const errorNames = (events: readonly JobEvent[]): string[] =>
  events.flatMap(({ event_type, outputs: { reason } }) => (event_type === 'ERROR' && typeof reason === 'string' ? [reason] : []));

/** Rows of all endings of a job. */
const joined = (endings: readonly TelemetryRows[]): TelemetryRows => ({
  llm_usage_events: endings.flatMap((rows) => rows.llm_usage_events),
  token_efficiency_metrics: endings.flatMap((rows) => rows.token_efficiency_metrics),
  phase6_metrics: endings.flatMap((rows) => rows.phase6_metrics),
  token_budget_escalation_events: endings.flatMap((rows) => rows.token_budget_escalation_events),
});

/** Agents that are asked in a context: the doctor and the shadow are not. */
const IN_CONTEXT = new Set(['intent', 'report']);

/** Phases in which a model was asked and given no context. A report made from a template asks nobody. */
const withoutPack = ({ llm_usage_events }: TelemetryRows, packs: ReadonlyMap<string, ContextPack>): number =>
  new Set(llm_usage_events.filter(({ role, phase_id }) => IN_CONTEXT.has(role) && !packs.has(phase_id)).map(({ phase_id }) => phase_id))
    .size;

/** What a canary left: its rows, its contexts and its errors, by its own log. */
const observe = async (world: World, result: CanaryResult): Promise<Observation> => {
  const events = await world.log.read(result.job_id);
  const paths = packPaths(events);
  const packs = new Map<string, ContextPack>();
  for (const [phase, path] of paths) {
    const pack = await readPack(world, `jobs/${result.job_id}/${path}`);
    if (pack) packs.set(phase, pack);
  }
  const expected = joined(telemetryRows(events, packs));
  const { telemetry } = world;
  const createdAt = events[0]?.at ?? result.job_id;
  const read = <T extends Parameters<typeof telemetry.read>[0]>(table: T) => telemetry.read(table, result.job_id, createdAt);
  const [llm_usage_events, token_efficiency_metrics, phase6_metrics, token_budget_escalation_events] = await Promise.all([
    read('llm_usage_events'),
    read('token_efficiency_metrics'),
    read('phase6_metrics'),
    read('token_budget_escalation_events'),
  ]);
  return {
    result,
    expected,
    written: { llm_usage_events, token_efficiency_metrics, phase6_metrics, token_budget_escalation_events },
    packs: [...packs.values()],
    without_pack: withoutPack(expected, packs),
    errors: errorNames(events),
  };
};

type Change = { reason: string; actor: Actor };

/** Sets flags in the name of a rollout. */
export const setFlags = async (world: World, values: Settings, change: Change): Promise<void> => {
  const commands = createSwitchCommands(world);
  for (const [flag, value] of Object.entries(values)) await commands.setFlag(flag, value, change);
};

/** Sets flags back. What the kill switch holds stays where it holds it: that is no reason to keep the others. */
export const setFlagsBack = async (world: World, values: Settings, change: Change): Promise<void> => {
  for (const [flag, value] of Object.entries(values)) {
    await setFlags(world, { [flag]: value }, change).catch((thrown: unknown) => {
      if (!(thrown instanceof Refusal) || thrown.code !== 'KILL_SWITCH') throw thrown;
    });
  }
};

/** What the stages of a rollout may do. */
export const rolloutEffects: MoreEffects = (world: World, { job_id }: JobContext): { rollout: RolloutEffects } => {
  const rules = world.env.HOLDPOINT_ROLLOUT_RULES;
  return {
    rollout: {
      rules,
      current: async () => (await world.switches.current()).flags,
      set: (values, reason) => setFlags(world, values, { reason, actor: canaryActor(job_id) }),
      observe: async (stage) => {
        const progress = progressOf(await world.log.read(job_id));
        const results = progress.canaries.filter((canary) => canary.stage === stage);
        const observations = await Promise.all(results.map(({ result }) => observe(world, result)));
        return { observations, planned: rules.stages[stage]?.runs ?? 0, baseline: baselineOf(progress) };
      },
    },
  };
};
