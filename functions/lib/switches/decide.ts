import { type Channel, Refusal } from '../../../contracts/commands.ts';
import type { Actor, EventDraft } from '../../../contracts/events.ts';
import { FlagName, flagProblem } from '../../../contracts/flags.ts';
import type { KillBody } from '../../../contracts/http.ts';
import { type FlagState, HELD, KILL_LEVELS, type KillLevel, type KillSwitch } from '../../../contracts/switches.ts';
import { canonicalJson } from '../canonical-json.ts';
import { settingsOf, switchesOf } from './state.ts';

/** Who changes something, why, and through what; only people come through a channel. */
export type Change = { actor: Actor; reason: string | null; channel?: Channel };

const audited = (
  event_type: EventDraft['event_type'],
  { actor, reason, channel }: Change,
  outputs: Record<string, unknown>,
): EventDraft => ({
  ...{ event_type, actor, message: reason },
  outputs: { ...outputs, ...(channel ? { channel } : {}) },
  ...{ state: 'Control', visit: 1 },
});

const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

/**
 * The event that sets a flag; null when it is set so already.
 * @throws Refusal INVALID_INPUT for an unknown name or a value it cannot have, KILL_SWITCH for one that is held back
 */
export const decideFlag = (state: FlagState, { flag, value }: { flag: string; value: unknown }, change: Change): EventDraft | null => {
  const problem = flagProblem(flag, value);
  if (problem !== null) throw new Refusal('INVALID_INPUT', problem);
  const name = FlagName.parse(flag);
  const { level, by, at } = state.kill;
  const held = HELD[level];
  if (Object.hasOwn(held, name) && !same(held[name], value)) {
    throw new Refusal(
      'KILL_SWITCH',
      `${name} is held at ${JSON.stringify(held[name])}: ${by} switched to ${level} at ${at}; release the kill switch first`,
    );
  }
  const from = settingsOf(state).flags[name];
  if (Object.hasOwn(state.settings, name) && same(state.settings[name]?.value, value)) return null;
  return audited('FLAG_CHANGED', change, { flag: name, from, to: value });
};

type Position = Pick<KillSwitch, 'halted' | 'level'>;
const positionOf = ({ halted, level }: Position): Position => ({ halted, level });

const lowered = (state: FlagState, level: KillLevel): Record<string, { from: unknown; to: unknown }> => {
  const before = switchesOf(state).flags;
  const after = switchesOf({ ...state, kill: { ...state.kill, level } }).flags;
  return Object.fromEntries(
    FlagName.options.flatMap((name) => (same(before[name], after[name]) ? [] : [[name, { from: before[name], to: after[name] }]])),
  );
};

/**
 * The event that sets the kill switch; null when it is set so already. It only ever gets stricter: going back is a release.
 * @throws Refusal DECISION_CONFLICT for a level above the one in force
 */
export const decideKill = (state: FlagState, target: KillBody, change: Change): EventDraft | null => {
  const from = positionOf(state.kill);
  const to = 'halt' in target ? { ...from, halted: true } : { ...from, level: target.to };
  if (same(from, to)) return null;
  if (KILL_LEVELS.indexOf(to.level) < KILL_LEVELS.indexOf(from.level)) {
    throw new Refusal(
      'DECISION_CONFLICT',
      `the kill switch is at ${from.level} already, which is stricter than ${to.level}; release it first, then set ${to.level}`,
    );
  }
  return audited('KILL_SWITCH_SET', change, { from, to, flags: lowered(state, to.level) });
};

/** The event that releases everything; null when nothing is set. */
export const decideRelease = (state: FlagState, change: Change): EventDraft | null => {
  const from = positionOf(state.kill);
  const to: Position = { halted: false, level: 'none' };
  return same(from, to) ? null : audited('KILL_SWITCH_RELEASED', change, { from, to, flags: lowered(state, 'none') });
};
