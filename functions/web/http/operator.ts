import { type Channel, Refusal } from '../../../contracts/commands.ts';
import type { Actor } from '../../../contracts/events.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import type { WebDeps } from '../deps.ts';
import { actorOf } from './identity.ts';

/** People and groups who run an environment. */
export type Named = { people: readonly string[]; groups: readonly string[] };

export type Operators = {
  /** Null: everybody who is let in. */
  named: Named | null;
  includes(request: Request): boolean;
};

export const EVERYBODY: Operators = { named: null, includes: () => true };

/** What operators alone may do, in words. */
const OPERATIONS = {
  cancel: 'cancel jobs of others',
  redrive: 'redrive jobs',
  roll_back: 'roll back rollouts of others',
  revoke_links: 'take back links of others',
  set_flag: 'change flags',
  kill: 'use the kill switch',
  release: 'release the kill switch',
  reconcile: 'start the reconciler',
  answer_watchdog: 'continue or stop jobs that nobody works on',
} as const;
export type Operation = keyof typeof OPERATIONS;

/** Whom somebody asks who is no operator. */
export const whomToAsk = (named: Named | null): string => {
  const groups = (named?.groups ?? []).map((group) => `a member of ${group}`);
  return [...(named?.people ?? []), ...groups].join(' or ') || 'an operator';
};

/** Whether it was this person, known in the same way, who submitted the job. */
export const isSubmitter = ({ submitted_by: by }: Pick<JobState, 'submitted_by'>, actor: Actor): boolean =>
  by.type === actor.type && by.id === actor.id && by.identity === actor.identity;

/** What is asked, of which job, and who may do it beside operators. */
export type Asked = {
  operation: Operation;
  channel: Channel;
  job_id?: string;
  step?: string;
  own?: (actor: Actor) => boolean | Promise<boolean>;
};

/**
 * Who asks, where they may. Otherwise the audit log has that they tried, and the caller is told whom to ask.
 * @throws Refusal FORBIDDEN
 */
export const operatorOf = async (deps: WebDeps, request: Request, { operation, channel, job_id, step, own }: Asked): Promise<Actor> => {
  const actor = actorOf(deps, request);
  if (deps.operators.includes(request) || (await own?.(actor))) return actor;
  const message = `${actor.id} may not ${OPERATIONS[operation]} in environment ${deps.env}; ask ${whomToAsk(deps.operators.named)}`;
  const outputs = { job_id: job_id ?? null, code: 'FORBIDDEN', choice: operation, channel };
  await deps.noteRefusal({ actor, step: step ?? null, message, outputs });
  throw new Refusal('FORBIDDEN', message);
};
