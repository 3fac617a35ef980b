import { beforeAll, describe, expect, it } from 'vitest';
import { type Call, decide } from '../../infra/local/iam/evaluate.ts';
import { type Asked, createLedger, type Grant, isIndirect, JUDGED, type Report } from '../../infra/local/iam/ledger.ts';
import type { Names, Policies, Statement } from '../../infra/local/iam/policy.ts';
import { localPolicies } from '../../infra/local/iam/synthesize.ts';
import { driveToEnd, startTestCloud, submit } from '../support/cloud.ts';
import { JOURNEYS } from '../support/journeys/journeys.ts';
import { sample } from '../support/specs.ts';

const policies = await localPolicies();
/** Every permission that any journey asked for, once, by who asked. */
const asked = new Map<string, Map<string, Asked>>();
const failures: string[] = [];

const heard = (one: Asked): void => {
  const caller = one.caller.is === 'function' ? one.caller.name : one.caller.is;
  const calls = asked.get(caller) ?? new Map<string, Asked>();
  asked.set(caller, calls.set(JSON.stringify(one.call), one));
};

beforeAll(async () => {
  const report = (message: string) => void failures.push(message);
  await Promise.all(Object.values(JOURNEYS).map((journey) => journey({ enforceIam: { heard }, report })));
}, 240_000);

const named = ({ function: name, statement, action, resource }: Grant): string => [name, statement, action, resource].join(' ');

const reportOf = (): Report => {
  const ledger = createLedger(policies);
  for (const calls of asked.values()) for (const one of calls.values()) ledger.record(one, decide(policies, one.caller, one.call));
  return ledger.report();
};

describe('over all journeys', () => {
  it('nothing that is asked for is refused', () => {
    expect(reportOf().refused).toEqual([]);
    expect(failures.filter((message) => /AccessDenied|not authorized/.test(message))).toEqual([]);
  });

  it('everything that is granted on the services of this cloud is used', () => {
    expect(reportOf().unused.map(named)).toEqual([]);
  });

  it('what is granted on other services is what a function needs around its work', () => {
    const elsewhere = reportOf().elsewhere.filter(({ statement }) => statement !== 'KeepAnswers' && statement !== 'FindAnswers');
    const services = elsewhere.map(({ action }) => action.split(':')[0]);
    expect([...new Set(services)].filter((service) => !['logs', 'xray', 'sqs', 'glue'].includes(service ?? ''))).toEqual([]);
  });
});

const less = (names: Names): Names[] =>
  names.patterns.length < 2 ? [] : names.patterns.map((gone) => ({ ...names, patterns: names.patterns.filter((one) => one !== gone) }));

type Reduction = { title: string; policies: Policies };

/** The policies without one statement of a function, and without each single action or resource of it. */
const reductionsOf = (name: string, statement: Statement): Reduction[] => {
  const without = (rest: Statement[]): Policies => ({
    ...policies,
    functions: { ...policies.functions, [name]: (policies.functions[name] ?? []).flatMap((one) => (one === statement ? rest : [one])) },
  });
  const gone = (what: keyof Pick<Statement, 'actions' | 'resources'>) =>
    less(statement[what]).map((left) => {
      const missing = statement[what].patterns.filter((one) => !left.patterns.includes(one)).join();
      return { title: `${statement.id} of ${name} without ${missing}`, policies: without([{ ...statement, [what]: left }]) };
    });
  return [{ title: `${name} without ${statement.id}`, policies: without([]) }, ...gone('actions'), ...gone('resources')];
};

const isJudged = (statement: Statement): boolean =>
  statement.effect === 'Allow' && !isIndirect(statement) && statement.actions.patterns.some((action) => JUDGED.test(action));

describe('least privilege', () => {
  it('without any one grant, statement, action or resource, some journey is refused', () => {
    const reductions = Object.entries(policies.functions).flatMap(([name, statements]) =>
      statements.filter(isJudged).flatMap((statement) => reductionsOf(name, statement).map((reduction) => ({ name, ...reduction }))),
    );
    const stillPassing = reductions.filter(({ name, policies: reduced }) =>
      [...(asked.get(name)?.values() ?? [])].every(({ caller, call }) => decide(reduced, caller, call).allowed),
    );
    expect(reductions.length).toBeGreaterThan(150);
    expect(stillPassing.map(({ title }) => title)).toEqual([]);
  });

  it('ends a job where a function lacks one grant, and says which', async () => {
    const statement = policies.functions['registry']?.find(({ id }) => id === 'Registry');
    if (!statement) throw new Error('the registry has no statement Registry');
    const reduced = reductionsOf('registry', statement)[0]?.policies ?? policies;
    const cloud = await startTestCloud({ enforceIam: { policies: reduced } });
    try {
      const { job_id } = await submit(cloud.web, sample('idea-trend', { run: 9999 }));
      const end = await driveToEnd(cloud.web, job_id);
      expect(end.job).toMatchObject({ status: 'DONE', outcome: 'error' });
      expect(end.events.at(-2)).toMatchObject({ event_type: 'ERROR', outputs: { reason: 'AccessDenied' } });
      const refused = cloud.iam?.report().refused ?? [];
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.every(({ caller, action }) => caller === 'registry' && action === 's3:PutObject')).toBe(true);
    } finally {
      await cloud.remove();
    }
  });
});

it('another function may not do what one may: each asks for something that some other is refused', () => {
  const tried = (name: string, call: Call) => decide(policies, { is: 'function', name }, call).allowed;
  const names = Object.keys(policies.functions);
  for (const [name, calls] of asked) {
    if (!names.includes(name)) continue;
    const foreign = [...calls.values()].some(({ call }) => names.some((other) => other !== name && !tried(other, call)));
    expect(foreign, name).toBe(true);
  }
});
