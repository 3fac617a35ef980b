import * as z from 'zod';
import { Refusal } from '../../contracts/commands.ts';
import { FlagName, FlagValues } from '../../contracts/flags.ts';
import type { RolloutTarget } from '../../contracts/job-spec.ts';
import { STAGES, stageMeaning } from '../../contracts/rollout.ts';
import { FlagState, KillTarget } from '../../contracts/switches.ts';
import { flagsAfterRollback, flagsBefore, flagsOf, rollbackStage } from '../../functions/lib/rollout/flags.ts';
import { decideKill } from '../../functions/lib/switches/decide.ts';
import type { Flags } from '../views.ts';

type FlagsView = z.infer<typeof Flags>;

/** One way back, and the flags it would change from what holds now. `refused`: why it would be refused. */
export type WayBack = { way: string; changes: string[]; refused: string | null };

const Lowered = z.record(z.string(), z.object({ from: z.unknown(), to: z.unknown() }));

const NOBODY = { actor: { type: 'user', id: 'dry run', identity: 'none' }, reason: null } as const;
const FEATURES: RolloutTarget = { kind: 'features' };

const stateOf = ({ flags, kill }: FlagsView): FlagState =>
  FlagState.parse({
    ...{ schema_version: 'flag_state_v1', version: 0, kill },
    settings: Object.fromEntries(
      flags.flatMap(({ name, set_to, changed_by, changed_at, reason }) =>
        changed_by === null || changed_at === null ? [] : [[name, { value: set_to, by: changed_by, at: changed_at, reason }]],
      ),
    ),
  });

const change = (name: string, from: unknown, to: unknown): string => `${name}: ${JSON.stringify(from)} → ${JSON.stringify(to)}`;

const killed = (state: FlagState, to: KillTarget): WayBack => {
  const way = `kill --to ${to}`;
  try {
    const lowered = Object.entries(Lowered.parse(decideKill(state, { to }, NOBODY)?.outputs?.['flags'] ?? {}));
    return {
      way,
      changes: lowered.map(([name, { from, to: after }]) => change(name, from, after)),
      refused: null,
    };
  } catch (error) {
    if (error instanceof Refusal) return { way, changes: [], refused: error.message };
    throw error;
  }
};

/** What a rollback changes of what the stage has set. */
const rolledBack = (now: FlagValues, stage: number): WayBack => {
  const to = rollbackStage(stage);
  const inStage: Record<string, unknown> = { ...now, ...flagsOf(FEATURES, stage) };
  const after = flagsAfterRollback(FEATURES, flagsBefore(FEATURES, now), to);
  const changes = FlagName.options
    .filter((name) => Object.hasOwn(after, name) && JSON.stringify(inStage[name]) !== JSON.stringify(after[name]))
    .map((name) => change(name, inStage[name], after[name]));
  const back = to === 0 ? 'to what was set before' : `to stage ${to}`;
  return { way: `rollback of stage ${stage} (${stageMeaning(stage).name}) ${back}`, changes, refused: null };
};

/** Every way back from here, computed by the code that would take it, and taken by nobody. */
export const waysBack = (view: FlagsView): WayBack[] => {
  const known = view.flags.filter(({ name }) => FlagName.safeParse(name).success);
  const now = FlagValues.parse(Object.fromEntries(known.map(({ name, value }) => [name, value])));
  const state = stateOf(view);
  return [
    ...KillTarget.options.map((to) => killed(state, to)),
    ...STAGES.flatMap((_, stage) => (stage === 0 ? [] : [rolledBack(now, stage)])),
  ];
};
