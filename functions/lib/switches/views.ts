import { FLAG_NAMES, FLAGS, type FlagName } from '../../../contracts/flags.ts';
import type { FlagList, FlagView } from '../../../contracts/http.ts';
import { type FlagState, HELD } from '../../../contracts/switches.ts';
import { settingsOf, switchesOf } from './state.ts';

export const flagView = (state: FlagState, name: FlagName): FlagView => {
  const { type, owner, meaning, default: fallback } = FLAGS[name];
  const setting = state.settings[name];
  return {
    ...{ name, type, owner, meaning, default: fallback },
    value: switchesOf(state).flags[name],
    set_to: settingsOf(state).flags[name],
    held_by_kill_switch: Object.hasOwn(HELD[state.kill.level], name),
    changed_by: setting?.by ?? null,
    changed_at: setting?.at ?? null,
    reason: setting?.reason ?? null,
  };
};

export const flagList = (state: FlagState): FlagList => ({
  flags: FLAG_NAMES.map((name) => flagView(state, name)),
  kill: state.kill,
  complaints: switchesOf(state).complaints,
});
