import * as z from 'zod';
import { UnreadableDocument } from '../../../contracts/errors.ts';
import type { JobEvent } from '../../../contracts/events.ts';
import { FLAG_NAMES, FLAGS, FlagValues, resolveFlags } from '../../../contracts/flags.ts';
import { type FlagState, HELD, KillLevel, type KillSwitch, type Switches } from '../../../contracts/switches.ts';

const NEVER: KillSwitch = { halted: false, level: 'none', by: null, reason: null, at: null };

/** Before the first event of the audit log. */
export const NO_CHANGES: FlagState = { schema_version: 'flag_state_v1', version: 0, settings: {}, kill: NEVER };

const Changed = z.object({ flag: z.string(), to: z.unknown() });
const Switched = z.object({ to: z.object({ halted: z.boolean(), level: KillLevel }) });

const outputs = <T>(schema: z.ZodType<T>, event: JobEvent): T => {
  const parsed = schema.safeParse(event.outputs);
  if (parsed.success) return parsed.data;
  throw new UnreadableDocument(
    `event ${event.seq} (${event.event_type}) of the audit log has unexpected outputs: ${parsed.error.issues[0]?.message}; this build may be older than the log`,
  );
};

/** The state after one more event of the audit log; most events leave flags and kill switch as they are. */
export const evolveFlags = (state: FlagState, event: JobEvent): FlagState => {
  const version = event.seq;
  const said = { by: event.actor.id, at: event.at, reason: event.message };
  switch (event.event_type) {
    case 'FLAG_CHANGED': {
      const { flag, to } = outputs(Changed, event);
      return { ...state, version, settings: { ...state.settings, [flag]: { value: to, ...said } } };
    }
    case 'KILL_SWITCH_SET':
    case 'KILL_SWITCH_RELEASED':
      return { ...state, version, kill: { ...outputs(Switched, event).to, ...said } };
    default:
      return { ...state, version };
  }
};

export const foldFlags = (state: FlagState, events: readonly JobEvent[]): FlagState =>
  events.filter(({ seq }) => seq > state.version).reduce(evolveFlags, state);

/** What people set, before the kill switch. */
export const settingsOf = ({ settings }: FlagState): ReturnType<typeof resolveFlags> =>
  resolveFlags(Object.fromEntries(Object.entries(settings).map(([name, { value }]) => [name, value])));

/** What holds. */
export const switchesOf = (state: FlagState): Switches => {
  const { flags, complaints } = settingsOf(state);
  return { flags: { ...flags, ...HELD[state.kill.level] }, kill: state.kill, readable: true, complaints };
};

/** What holds where the state cannot be read. */
export const UNREADABLE: Switches = {
  flags: FlagValues.parse(Object.fromEntries(FLAG_NAMES.map((name) => [name, FLAGS[name].safe]))),
  kill: NEVER,
  readable: false,
  complaints: ['flags and kill switch cannot be read'],
};
