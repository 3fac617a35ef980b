import * as z from 'zod';
import { AUDIT } from '../contracts/events.ts';
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

const ABOUT_JOBS = ['DECISION_REFUSED', 'LINK_REVOKED'];
const Concerned = z.object({ job_id: z.string(), approver: z.string().nullish(), choice: z.string().nullish() });

/** What happened to a job and is in no log of it: who was refused what, and whose links were taken back. */
const aboutJob = ({ event_type, message, step, outputs }: EventView): string | null => {
  const about = Concerned.safeParse(outputs).data;
  if (!about) return null;
  const job = `job ${clean(about.job_id)}`;
  if (event_type === 'LINK_REVOKED')
    return `${job}: ${about.approver ? `links of ${clean(about.approver)}` : 'all links'} for ${clean(step ?? 'it')}`;
  return [job, clean(about.choice ?? ''), clean(message ?? '')].filter((part) => part !== '').join(': ');
};

/** What an event of the audit log changed, old value and new, and why; null for events that say it in other words. */
export const auditText = (event: EventView): string | null => {
  if (event.job_id === AUDIT.job_id && ABOUT_JOBS.includes(event.event_type)) return aboutJob(event);
  if (!['FLAG_CHANGED', 'KILL_SWITCH_SET', 'KILL_SWITCH_RELEASED'].includes(event.event_type)) return null;
  const change = changeOf(event);
  if (change === null) return null;
  return event.message === null ? change : `${change} (${clean(event.message)})`;
};
