import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnv } from '../../adapters/env.ts';
import { createWorld } from '../../adapters/world.ts';
import { usd } from '../../contracts/pricing.ts';
import { costFromLog } from '../../functions/web/model/job-cost.ts';
import { COST_BUDGETS, deviations } from '../../infra/cost-budget.ts';
import { functionVariables } from '../../infra/local/settings.ts';
import { CHAIN_MACHINE, chainBuild, chainOptions } from '../support/chain/chain.ts';
import { approve, call, driveToEnd, getJob, startTestCloud, submit, type TestCloud, untilSettled } from '../support/cloud.ts';
import { costAtRest, costOf, costOfRun, MEASURED, TWO_APPROVALS } from '../support/cost.ts';
import { sample } from '../support/specs.ts';

let run = 100;
const idea = () => sample('idea-trend', { run: run++ });

const measured = async (options: Parameters<typeof startTestCloud>[0] = {}) => {
  const cloud = await startTestCloud({ ...options, environment: { ...options.environment, ...MEASURED } });
  try {
    return await costOfRun(cloud.web, idea(), TWO_APPROVALS);
  } finally {
    await cloud.remove();
  }
};

describe('the budget of a job', () => {
  it.for(Object.entries(COST_BUDGETS))('keeps %s within its limit in USD', ([, budget]) => {
    expect(usd(budget.units)).toBeLessThanOrEqual(budget.limit_usd);
  });

  it('holds for the sample idea with all its evidence', async () => {
    expect(deviations(COST_BUDGETS.sample_idea, (await measured()).units)).toEqual([]);
  });

  it('holds for the chain that does nothing', async () => {
    expect(deviations(COST_BUDGETS.chain, (await measured(chainOptions())).units)).toEqual([]);
  });

  it('is broken by one state more, and says which unit grew', async () => {
    const { Succeeded, ...states } = CHAIN_MACHINE.States as Record<string, object>;
    const machine = { ...CHAIN_MACHINE, States: { ...states, Succeeded: { Type: 'Pass', Next: 'Really' }, Really: Succeeded } };
    const { units } = await measured({
      ...chainOptions(),
      build: { ...chainBuild(), machines: { ...chainBuild().machines, job: JSON.stringify(machine) } },
    });
    expect(deviations(COST_BUDGETS.chain, units)).toEqual(['transitions grew from 11 to 12 (+$0.00002500 per job)']);
  });

  it('is broken by one write more or less', () => {
    const { units } = COST_BUDGETS.chain;
    expect(deviations(COST_BUDGETS.chain, { ...units, s3_puts: 14 })).toEqual(['s3_puts grew from 13 to 14 (+$0.00000500 per job)']);
    expect(deviations(COST_BUDGETS.chain, { ...units, s3_puts: 12 })[0]).toContain('s3_puts fell from 13 to 12');
  });
});

describe('the cost of a job', () => {
  let cloud: TestCloud;
  beforeAll(async () => {
    cloud = await startTestCloud({ environment: MEASURED });
  });
  afterAll(() => cloud.remove());

  it('leaves out what people used who looked at it', async () => {
    const { job_id } = await submit(cloud.web, idea());
    await untilSettled(cloud.web, job_id, 'blueprint');
    const before = await costAtRest(cloud.web, job_id);
    for (const path of ['', '/events', '/artifacts', '/verify']) await call(cloud.web, `/jobs/${job_id}${path}`);
    await (await fetch(`${cloud.web}/ui/jobs/${job_id}`)).text();
    const after = await costOf(cloud.web, job_id);
    expect(after.units).toEqual(before.units);
    expect(after.viewing?.units.api_requests).toBeGreaterThanOrEqual((before.viewing?.units.api_requests ?? 0) + 5);
    expect(after.viewing?.units.s3_gets).toBeGreaterThan(before.viewing?.units.s3_gets ?? 0);
  });

  it('is the same where nobody counts requests, as far as histories and the log tell', async () => {
    const { job_id } = await submit(cloud.web, idea());
    await driveToEnd(cloud.web, job_id);
    const { units } = await costOf(cloud.web, job_id);
    const { job, events } = await getJob(cloud.web, job_id);
    const world = createWorld(readEnv(functionVariables(cloud.dataDir, cloud, {})('web')));
    const runs = [...new Set(events.map((event) => event.run_id))];
    const histories = await Promise.all(runs.map((id) => world.executions('idea').counted(id)));
    const told = costFromLog(job.job_id, events, histories);
    expect(told).toMatchObject({ counted_by: 'log', units: { transitions: units.transitions, invocations: units.invocations } });
    expect(told.units.api_requests).toBe(units.api_requests);
    expect(told.units.s3_puts).toBeLessThanOrEqual(units.s3_puts ?? 0);
    expect(told.not_counted.join()).not.toContain('the history of an execution is gone');
    expect(await world.executions('idea').counted('job-000000000000-1')).toBeNull();
  });

  it('is counted by job, however many run at once', async () => {
    const jobs = await Promise.all([idea(), idea(), idea()].map((spec) => submit(cloud.web, spec)));
    await Promise.all(jobs.map(({ job_id }) => driveToEnd(cloud.web, job_id)));
    for (const { job_id } of jobs) {
      const { units } = await costOf(cloud.web, job_id);
      const { transitions, s3_puts, invocations, api_requests } = COST_BUDGETS.sample_idea.units;
      expect(units).toMatchObject({ transitions, s3_puts, invocations, api_requests });
    }
  });

  it('grows with a revision, by the states that are entered again', async () => {
    const { job_id } = await submit(cloud.web, idea());
    const held = await untilSettled(cloud.web, job_id, 'blueprint');
    await approve(cloud.web, job_id, 'blueprint');
    const { job } = await untilSettled(cloud.web, job_id, 'runspec');
    await call(cloud.web, `/jobs/${job_id}/revise?step=runspec`, { body: { subject_digest: job.subject_digest, comment: 'look again' } });
    await untilSettled(cloud.web, job_id, 'blueprint');
    await driveToEnd(cloud.web, job_id);
    expect(held.events.length).toBeLessThan((await getJob(cloud.web, job_id)).events.length);
    // The way back, HoldBlueprint, Compile and HoldRunspec, each once more.
    expect((await costOf(cloud.web, job_id)).units.transitions).toBe(COST_BUDGETS.sample_idea.units.transitions + 4);
  });

  it('is asked for with 404 where there is no such job', async () => {
    expect(await call(cloud.web, '/jobs/000000000000/cost')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });
});

it('what was counted outlives a restart, and a torn last line', async () => {
  const first = await startTestCloud();
  const { job_id } = await submit(first.web, idea());
  await untilSettled(first.web, job_id, 'blueprint');
  const before = await costAtRest(first.web, job_id);
  await first.close();
  appendFileSync(join(first.dataDir, 'cost.jsonl'), '{"job":"');
  const second = await startTestCloud({ dataDir: first.dataDir });
  try {
    expect((await costOf(second.web, job_id)).units).toEqual(before.units);
    await driveToEnd(second.web, job_id);
    expect((await costOf(second.web, job_id)).units.transitions).toBe(COST_BUDGETS.sample_idea.units.transitions);
  } finally {
    await second.remove();
  }
});
