import { beforeAll, describe, expect, it } from 'vitest';
import { decide } from '../../infra/local/iam/evaluate.ts';
import { type Asked, createLedger, firstRefused } from '../../infra/local/iam/ledger.ts';
import type { Policies, Statement } from '../../infra/local/iam/policy.ts';
import { localPolicies } from '../../infra/local/iam/synthesize.ts';
import { JOURNEYS } from '../support/journeys.ts';

let policies: Policies;
/** Every permission that any journey asked for, once. */
const asked = new Map<string, Asked>();

beforeAll(async () => {
  policies = await localPolicies();
  const heard = (one: Asked) => void asked.set(JSON.stringify(one), one);
  for (const [name, journey] of Object.entries(JOURNEYS)) {
    await journey({ enforceIam: { heard }, report: (m) => console.log(name, m) }).catch((e) => console.log(name, String(e).slice(0, 900)));
    console.log(name, asked.size, performance.now());
  }
}, 240_000);

const report = () => {
  const ledger = createLedger(policies);
  for (const one of asked.values()) ledger.record(one, decide(policies, one.caller, one.call));
  return ledger.report();
};

it('refuses nothing that a journey asks for', () => {
  expect([
    ...new Set(report().refused.map(({ caller, action, resource }) => `${caller} ${action} ${resource.split('/').slice(0, 2).join('/')}`)),
  ]).toEqual([]);
});

it('grants nothing that no journey uses', () => {
  expect(report().unused.map((g) => `${g.function} ${g.statement} ${g.action} ${g.resource}`)).toEqual([]);
});

/** A function's policy without one statement, or without one action or resource of it. */
const without = (name: string, statement: Statement, less: Statement | null): Policies => ({
  ...policies,
  functions: {
    ...policies.functions,
    [name]: (policies.functions[name] ?? []).flatMap((one) => (one === statement ? (less ?? []) : [one])),
  },
});
