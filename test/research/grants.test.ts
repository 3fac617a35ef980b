import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decide } from '../../infra/local/iam/evaluate.ts';
import { type Asked, isIndirect, JUDGED } from '../../infra/local/iam/ledger.ts';
import type { Policies, Statement } from '../../infra/local/iam/policy.ts';
import { localPolicies } from '../../infra/local/iam/synthesize.ts';
import { closeTestClouds, temporaryFolder } from '../support/cloud.ts';
import { JOURNEYS } from '../support/journeys/journeys.ts';

const policies = await localPolicies();

type Grant = { name: string; statement: Statement; action: string };

/** One action of one statement of one function's role: what somebody could take out of infra/grants.ts. */
const GRANTS: readonly Grant[] = Object.entries(policies.functions).flatMap(([name, statements]) =>
  statements
    .filter((statement) => statement.effect === 'Allow' && !isIndirect(statement))
    .flatMap((statement) =>
      statement.actions.patterns.filter((action) => JUDGED.test(action)).map((action) => ({ name, statement, action })),
    ),
);

const without = ({ name, statement, action }: Grant): Policies => {
  const patterns = statement.actions.patterns.filter((one) => one !== action);
  const left = patterns.length > 0 ? [{ ...statement, actions: { ...statement.actions, patterns } }] : [];
  const statements = (policies.functions[name] ?? []).flatMap((one) => (one === statement ? left : [one]));
  return { ...policies, functions: { ...policies.functions, [name]: statements } };
};

type Heard = { journey: string; ms: number; asked: Asked };
/** When each journey asked for what first. */
const heard = new Map<string, Heard>();

beforeAll(async () => {
  for (const [journey, run] of Object.entries(JOURNEYS)) {
    const began = performance.now();
    const note = (asked: Asked): void => {
      const key = JSON.stringify([journey, asked]);
      if (!heard.has(key)) heard.set(key, { journey, ms: performance.now() - began, asked });
    };
    await run({ enforceIam: { heard: note }, report: () => undefined });
  }
}, 240_000);

const ALL = Object.keys(JOURNEYS);

/**
 * What is run, one after the other, until something is refused: the journey that comes soonest to a call that only this grant allows,
 * then all at once. Some calls are made only by who loses a race, and there are more races then.
 */
const attempts = (reduced: Policies): string[][] => {
  const missing = [...heard.values()].filter(({ asked: { caller, call } }) => !decide(reduced, caller, call).allowed);
  const [soonest] = missing.toSorted((one, other) => one.ms - other.ms);
  return [...(soonest ? [[soonest.journey]] : []), ALL, ALL, ALL];
};

/** How long a journey goes on after the first refusal, for what comes of it, in ms. */
const GRACE_MS = 2_000;

/** Whether a file of the log of a job, or of another log, quotes the refusal. */
const isLogged = (dataDir: string): boolean =>
  readdirSync(join(dataDir, 's3'), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .some((file) => readFileSync(join(file.parentPath, file.name), 'latin1').includes('AccessDenied'));

type Lived = { refused: Set<string>; felt: boolean };

/**
 * Journeys in clouds that lack the grant, until one was refused something or all are over. `felt`: by then a journey had failed by itself,
 * a cloud had said so, or the refusal stood in a log.
 */
const live = async (journeys: readonly string[], reduced: Policies): Promise<Lived> => {
  const refused = new Set<string>();
  let felt = false;
  let enough = false;
  const first = Promise.withResolvers<void>();
  const note = ({ caller, call }: Asked): void => {
    if (decide(reduced, caller, call).allowed) return;
    refused.add(`${caller.is === 'function' ? caller.name : caller.is} ${call.action}`);
    first.resolve();
  };
  const report = (message: string): void => void (felt ||= /AccessDenied|not authorized/.test(message));
  const folders = journeys.map(temporaryFolder);
  const running = journeys.map(async (journey, i) => {
    try {
      await JOURNEYS[journey]?.({ dataDir: folders[i] ?? '', enforceIam: { policies: reduced, heard: note }, report });
    } catch {
      felt ||= !enough;
    }
  });
  const over = Promise.all(running);
  const grace = first.promise.then(() => new Promise((resolve) => setTimeout(resolve, GRACE_MS)));
  await Promise.race([over, grace]);
  felt ||= folders.some((folder) => existsSync(join(folder, 's3')) && isLogged(folder));
  enough = true;
  await closeTestClouds();
  await over;
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  return { refused, felt };
};

const unfelt: string[] = [];
afterAll(() => {
  console.log(`${GRANTS.length} grants; ${unfelt.length} of their removals were refused and not felt within ${GRACE_MS} ms:`);
  console.log(unfelt.join('\n'));
});

describe('a cloud without one grant refuses some journey just that', () => {
  it.each(GRANTS.map((grant) => [`${grant.name} without ${grant.action} of ${grant.statement.id}`, grant] as const))(
    '%s',
    { timeout: 300_000 },
    async (title, grant) => {
      const reduced = without(grant);
      for (const journeys of attempts(reduced)) {
        const { refused, felt } = await live(journeys, reduced);
        if (refused.size === 0) continue;
        expect([...refused].map((one) => one.toLowerCase())).toEqual([`${grant.name} ${grant.action}`.toLowerCase()]);
        if (!felt) unfelt.push(`${title} (${journeys.join(', ')})`);
        return;
      }
      expect.fail('no journey was refused anything');
    },
  );
});
