import { FLAGS, FlagName, type FlagValues } from '../../../contracts/flags.ts';
import type { RolloutTarget } from '../../../contracts/job-spec.ts';
import { STAGES, stageMeaning } from '../../../contracts/rollout.ts';

export type Settings = Readonly<Record<string, unknown>>;

/** Values that flags are to have in a stage; the others stay as they are. */
export const flagsOf = (target: RolloutTarget, stage: number): Settings => {
  const { flags } = stageMeaning(stage);
  if (target.kind === 'features' || stage === 0) return flags;
  // Judging a stage needs its telemetry, whatever the target is.
  return { telemetry: true, ...target.set };
};

/** Every flag that some stage of the target sets. */
const touched = (target: RolloutTarget): FlagName[] => {
  const names = new Set(STAGES.flatMap((_, stage) => Object.keys(flagsOf(target, stage))));
  return FlagName.options.filter((name) => names.has(name));
};

/** What the flags of a target were, to go back to. */
export const flagsBefore = (target: RolloutTarget, now: FlagValues): Settings =>
  Object.fromEntries(touched(target).map((name) => [name, now[name]]));

/** Where a rollout goes back to: to stage 1 once it has been past it, otherwise to where it began. */
export const rollbackStage = (reached: number): 0 | 1 => (reached >= 2 ? 1 : 0);

/** Values to go back to. Stage 1 keeps telemetry, which shows what went wrong. */
export const flagsAfterRollback = (target: RolloutTarget, before: Settings, to: 0 | 1): Settings => {
  if (to === 0) return before;
  const off = Object.fromEntries(touched(target).map((name) => [name, FLAGS[name].default]));
  return { ...(target.kind === 'features' ? off : before), ...stageMeaning(1).flags };
};
