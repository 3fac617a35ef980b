import * as z from 'zod';
import { clean } from './text.ts';
import type { EventView } from './views.ts';

const Flag = z.object({ flag: z.string(), from: z.unknown(), to: z.unknown() });
const Position = z.object({ halted: z.boolean(), level: z.string() });
const Kill = z.object({ from: Position, to: Position });

const shown = (value: unknown): string => clean(JSON.stringify(value ?? null));
const position = ({ halted, level }: z.infer<typeof Position>): string =>
  [halted ? 'halted' : 'running', `level ${clean(level)}`].join(', ');

const changeOf = ({ outputs }: EventView): string | null => {
  const flag = Flag.safeParse(outputs).data;
  if (flag) return `${clean(flag.flag)}: ${shown(flag.from)} → ${shown(flag.to)}`;
  const kill = Kill.safeParse(outputs).data;
  return kill ? `${position(kill.from)} → ${position(kill.to)}` : null;
};

/** What an event of the audit log changed, old value and new, and why; null for events that say it in other words. */
export const auditText = (event: EventView): string | null => {
  if (!['FLAG_CHANGED', 'KILL_SWITCH_SET', 'KILL_SWITCH_RELEASED'].includes(event.event_type)) return null;
  const change = changeOf(event);
  if (change === null) return null;
  return event.message === null ? change : `${change} (${clean(event.message)})`;
};
