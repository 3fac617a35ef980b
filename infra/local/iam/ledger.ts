import { type Call, type Caller, matchesAction, type Verdict } from './evaluate.ts';
import { matches } from './match.ts';
import type { Policies, Statement } from './policy.ts';

/** The smallest part of a grant: one action of one statement on one of its resources. */
export type Grant = { function: string; statement: string; action: string; resource: string };

export type Refused = { caller: string; action: string; resource: string; because: string };

export type Report = {
  used: Grant[];
  /** Granted, and never asked for. */
  unused: Grant[];
  /** Granted on services this cloud does not have, or to services that act for the holder, so never judged here. */
  elsewhere: Grant[];
  /** The newest refusals, each kind once. */
  refused: Refused[];
};

export type Asked = { caller: Caller; call: Call };

/** Services whose requests are judged. */
export const JUDGED = /^(s3|dynamodb|states|sns|secretsmanager|kms|athena):/;

/** True where a grant holds only for a service that acts for its holder: here no service does. */
export const isIndirect = ({ conditions }: Statement): boolean => conditions.some(({ key }) => key === 'aws:calledvia');

/** Refusals kept: whoever makes more reads the first of them. */
const REFUSALS_KEPT = 1_000;

const grantsOf = (name: string, statement: Statement): Grant[] =>
  statement.effect === 'Deny'
    ? []
    : statement.actions.patterns.flatMap((action) =>
        statement.resources.patterns.map((resource) => ({ function: name, statement: statement.id, action, resource })),
      );

const idOf = ({ function: name, statement, action, resource }: Grant): string => [name, statement, action, resource].join(' ');

const callerName = (caller: Caller): string => (caller.is === 'function' ? caller.name : caller.is);

export type Ledger = {
  record(asked: Asked, verdict: Verdict): void;
  report(): Report;
};

/** Counts which grants are used and which calls refused. `heard` is told of every call. */
export const createLedger = (policies: Policies, heard: (asked: Asked) => void = () => undefined): Ledger => {
  const used = new Map<string, Grant>();
  const refused = new Map<string, Refused>();

  const note = (name: string, statement: Statement, { action, resource }: Call): void => {
    for (const grant of grantsOf(name, statement)) {
      if (matchesAction(grant.action, action) && matches(grant.resource, resource)) used.set(idOf(grant), grant);
    }
  };

  return {
    record: (asked, verdict) => {
      heard(asked);
      const { caller, call } = asked;
      if (verdict.allowed && caller.is === 'function') for (const statement of verdict.by) note(caller.name, statement, call);
      if (verdict.allowed) return;
      const refusal = { caller: callerName(caller), action: call.action, resource: call.resource, because: verdict.because };
      refused.delete(Object.values(refusal).join(' '));
      refused.set(Object.values(refusal).join(' '), refusal);
      const [oldest] = refused.keys();
      if (refused.size > REFUSALS_KEPT && oldest !== undefined) refused.delete(oldest);
    },
    report: () => {
      const grants = Object.entries(policies.functions).flatMap(([name, statements]) =>
        statements.flatMap((one) => grantsOf(name, one).map((grant) => ({ grant, here: JUDGED.test(grant.action) && !isIndirect(one) }))),
      );
      const judged = grants.filter(({ here }) => here).map(({ grant }) => grant);
      return {
        used: [...used.values()],
        unused: judged.filter((grant) => !used.has(idOf(grant))),
        elsewhere: grants.filter(({ here }) => !here).map(({ grant }) => grant),
        refused: [...refused.values()],
      };
    },
  };
};
