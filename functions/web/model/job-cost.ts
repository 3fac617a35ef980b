import * as z from 'zod';
import type { JobEvent } from '../../../contracts/events.ts';
import { type CostView, NO_UNITS, plus, type SomeUnits, type UnitName, type Units, usd } from '../../../contracts/pricing.ts';

/** Units of one job, as counted where requests arrive. */
export type CountedCost = { job: Units; viewing: Units; upkeep: Units };

/** A millionth of a cent is below any price, and sums of binary fractions drift. */
const round = (value: number): number => Math.round(value * 1e8) / 1e8;
const rounded = (units: Units): Units => ({ ...units, gb_seconds: round(units.gb_seconds) });
const priced = (units: Units) => ({ usd: round(usd(units)), units: rounded(units) });

export const costCounted = (jobId: string, { job, viewing, upkeep }: CountedCost): CostView => ({
  job_id: jobId,
  counted_by: 'requests',
  ...priced(job),
  viewing: priced(viewing),
  upkeep: priced(upkeep),
  not_counted: ['what models cost: see the budget', 'storage, which is a matter of time'],
});

const Kept = z.object({ result: z.object({ artifacts: z.array(z.unknown()) }) });
const artifactsOf = ({ outputs }: JobEvent): number => Kept.safeParse(outputs).data?.result.artifacts.length ?? 0;

const DECISIONS = ['APPROVED', 'APPROVAL_VOTED', 'REJECTED', 'REVISION_REQUESTED', 'RESUMED', 'CANCELLED'];
const isPersons = ({ actor }: JobEvent): boolean => actor.type === 'user';

/** Units that events tell of: what left nothing in the log is not among them. */
const toldBy = (events: readonly JobEvent[]): SomeUnits => {
  const worked = events.filter((event) => !isPersons(event) && event.seq > 1).length;
  const asked = events.filter((event) => isPersons(event) && (event.seq === 1 || DECISIONS.includes(event.event_type))).length;
  // Intake enters a state too, and leaves no event of its own where a submission was first.
  const transitions = worked + 1;
  const s3_puts = events.length + 1 + events.reduce((sum, event) => sum + artifactsOf(event), 0);
  return { transitions, invocations: transitions + asked, s3_puts, api_requests: asked };
};

const UNTOLD: readonly UnitName[] = [
  'gb_seconds',
  's3_gets',
  's3_bytes_in',
  's3_bytes_out',
  'write_units',
  'read_units',
  'log_bytes',
  'signatures',
];

export type History = { transitions: number; invocations: number };

/** Sums of all executions; null where the history of one of them is gone. */
const inAll = (histories: readonly (History | null)[]): History | null =>
  histories.reduce<History | null>(
    (sum, one) => sum && one && { transitions: sum.transitions + one.transitions, invocations: sum.invocations + one.invocations },
    histories.length > 0 ? { transitions: 0, invocations: 0 } : null,
  );

/**
 * The least a job can have cost, where nobody counts requests: from its events, and from the histories of its executions, which count
 * every transition and every call of a function.
 */
export const costFromLog = (jobId: string, events: readonly JobEvent[], histories: readonly (History | null)[] = []): CostView => {
  const told = toldBy(events);
  const history = inAll(histories);
  const asked = told.api_requests ?? 0;
  const units = plus(NO_UNITS, history ? { ...told, transitions: history.transitions, invocations: history.invocations + asked } : told);
  return {
    job_id: jobId,
    counted_by: 'log',
    usd: round(usd(units)),
    units: { ...units, ...Object.fromEntries(UNTOLD.map((name) => [name, null])) },
    viewing: null,
    upkeep: null,
    not_counted: [
      ...(history ? [] : ['states that leave no event: choices, the end, retries; the history of an execution is gone']),
      'S3 writes are at least these: a retry, a lost race and what a model was asked leave no event',
      'reads of S3, DynamoDB, durations and logs: nothing in this environment counts them by job; see Cost Explorer by the tags of the stack',
      'what models cost: see the budget',
    ],
  };
};
