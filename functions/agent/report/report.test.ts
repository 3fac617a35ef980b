import { beforeAll, describe, expect, test } from 'vitest';
import { readFixtures } from '../../../adapters/model/fixtures.ts';
import { AgentOutput } from '../../../contracts/agent-evidence.ts';
import type { BacktestResult } from '../../../contracts/backtest-result.ts';
import { Blueprint } from '../../../contracts/blueprint.ts';
import { GateReport } from '../../../contracts/gate-report.ts';
import type { ResearchJob } from '../../../contracts/job-spec.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import type { RunSpec } from '../../../contracts/runspec.ts';
import type { StageEffects } from '../../../contracts/stage.ts';
import { decided, fileOf, jobWith, jsonOf, noModel, replay, saying } from '../../../test/fixtures/agents.ts';
import { exampleSpec, sampleSnapshot } from '../../../test/fixtures/market.ts';
import { compileBlueprint } from '../../compile/compile.ts';
import { gates } from '../../gates/gates.ts';
import { backtest, summarize } from '../../lib/backtest/backtest.ts';
import { DEFAULT_FLAGS } from '../../lib/context-builder/context-builder.fixture.ts';
import { reportFacts } from './facts.ts';
import { report } from './report.ts';

const { manifest: snapshot, bars } = sampleSnapshot();
type Documents = { spec: ResearchJob; runspec: RunSpec; result: BacktestResult; gates: GateReport };

const place = { job_id: '0123456789ab', run_id: 'run-1', at: '2026-01-05T10:00:00.000Z', refs: {}, facts: {} };

const documents = async (spec: ResearchJob, blueprint: Blueprint): Promise<Documents> => {
  const runspec = compileBlueprint({ spec, blueprint, snapshot, bars });
  const result = summarize(runspec, backtest(runspec, bars));
  const input = { ...place, state: 'Gates', visit: 1, job: null, docs: { runspec, result, snapshot_data: bars } };
  return { spec, runspec, result, gates: GateReport.parse(jsonOf(await gates.run(input, noModel), 'gates')) };
};

const drafted = (name: string): Blueprint =>
  Blueprint.parse(readFixtures('cassettes').find((f) => f.agent === 'intent' && f.case === name)?.expected);
const sampleDocuments = (name: string) => documents(exampleSpec(`idea-${name}`), drafted(name));

let trend: Documents;
beforeAll(async () => {
  trend = await sampleDocuments('trend');
});

type Given = { docs?: Documents; job?: JobState; visit?: number; report_output?: AgentOutput };
const run = async (effects: StageEffects, { docs = trend, job = jobWith(), visit = 1, report_output }: Given = {}) =>
  report.run(
    { ...place, state: 'Report', visit, job, docs: { ...docs, report_output: report_output ?? null, report_calls: null } },
    effects,
  );

const text = (body: string) =>
  JSON.stringify({ schema_version: 'report_v1', summary: 'Short.', sections: [{ heading: 'A', body }], caveats: ['None.'] });

describe('a recorded report', () => {
  test.each([
    ['trend', 'passed'],
    ['reversal', 'failed'],
    ['guarded', 'passed'],
  ])('of %s passes the guard and repeats the verdict of the gates', async (name, verdict) => {
    const output = await run(replay, { docs: await sampleDocuments(name) });
    expect(output).toMatchObject({
      route: { guard: 'passed', gates: verdict },
      event: {
        event_type: 'REPORT_COMPLETED',
        outputs: { gates: verdict, guard_status: 'passed', override: false, response_source: 'replay', provider: 'fixture' },
      },
    });
    expect(fileOf(output, 'report')).toContain(`**Gates: ${verdict}`);
  });

  test('says in the file that its text is replayed, from whom and from when', async () => {
    expect(fileOf(await run(replay), 'report')).toContain('REPLAY: answer of fixture/hand-written, recorded 2026-01-05T09:00:00.000Z.');
  });
});

describe('the question', () => {
  test('holds nothing measured in the holdout and no day of it', async () => {
    const model = saying(text('Fine.'));
    await run(model);
    const user = model.asked[0]?.messages[1]?.content ?? '';
    const { holdout, full } = trend.result.windows;
    for (const figure of [
      holdout.strategy.sharpe,
      holdout.strategy.cagr,
      holdout.benchmark.cagr,
      full.strategy.cagr,
      full.strategy.total_return,
    ])
      expect(user).not.toContain(String(Number(figure?.toFixed(4))));
    expect(user).not.toMatch(/2012-12-31|201[3-9]/);
    expect(user).not.toContain('A title');
  });
});

describe('a report with a number that was not measured', () => {
  const invented = text('The Sharpe ratio was 3.21.');

  test('is stopped, and the finding points at it', async () => {
    const output = await run(saying(invented));
    expect(output).toMatchObject({ event: null, route: { guard: 'failed', gates: 'passed' } });
    expect(jsonOf(output, 'report_guard').findings).toMatchObject([{ rule: 'unsupported_numbers', pointer: '/sections/0/body' }]);
    expect(output.artifacts.map((a) => a.name)).not.toContain('report');
  });

  test('is used after an override, which the file and the event say', async () => {
    const stopped = await run(saying(invented));
    const given = {
      visit: 2,
      job: jobWith([decided('HoldReportOutput', 'APPROVED', 9)]),
      report_output: AgentOutput.parse(jsonOf(stopped, 'report_output')),
    };
    const output = await run(noModel, given);
    expect(output).toMatchObject({
      route: { guard: 'passed', gates: 'passed' },
      event: { outputs: { override: true, guard_status: 'failed' } },
    });
    expect(fileOf(output, 'report')).toContain('The output guard stopped this text; ann chose to use it.');
  });

  test('is written again with the comment after a revision', async () => {
    const stopped = await run(saying(invented));
    const model = saying(text('Fine.'));
    const job = jobWith([decided('HoldReportOutput', 'REVISION_REQUESTED', 9, 'quote measured numbers only')]);
    await run(model, { visit: 2, job, report_output: AgentOutput.parse(jsonOf(stopped, 'report_output')) });
    expect(model.asked[0]?.messages[1]?.content).toContain('quote measured numbers only');
    expect(model.asked[0]?.messages[1]?.content).toContain('3.21');
  });
});

test('an override shows an answer that is no report as text, and nothing in it becomes markup', async () => {
  const stopped = await run(saying('# Heading\n<script>alert(1)</script> ![x](http://h/y) [z](javascript:q)'));
  const given = {
    job: jobWith([decided('HoldReportOutput', 'APPROVED', 9)]),
    report_output: AgentOutput.parse(jsonOf(stopped, 'report_output')),
  };
  const body = fileOf(await run(noModel, given), 'report');
  expect(body).toContain('\\# Heading');
  expect(body).not.toMatch(/<script|[^\\]\[z/);
});

test('a job with a hand-written blueprint gets its report from a template, guarded and without a model', async () => {
  const spec = exampleSpec('blueprint-breakout');
  if (spec.kind !== 'blueprint') throw new Error('the sample changed its kind');
  const output = await run(noModel, { docs: await documents(spec, spec.blueprint) });
  expect(output.event?.outputs).toMatchObject({ guard_status: 'passed', calls: [] });
  expect(output.event?.outputs).not.toHaveProperty('response_source');
  expect(jsonOf(output, 'report_guard')).toMatchObject({ guard_status: 'passed' });
  expect(fileOf(output, 'report')).toContain('no model was asked');
});

describe('a shadow of the gates', () => {
  const flags = async () => ({ ...DEFAULT_FLAGS, shadow_enabled: true });

  test.each([
    ['trend', 'passed', 7],
    ['reversal', 'failed', 7],
    ['guarded', 'passed', 5],
  ])('of %s is replayed beside the report, and the job goes where it goes without', async (name, verdict, agreed) => {
    const docs = await sampleDocuments(name);
    const [off, on] = [await run(replay, { docs }), await run({ ...replay, flags }, { docs })];
    expect(on.route).toEqual({ guard: 'passed', gates: verdict });
    expect(on.event?.outputs['shadow']).toEqual({ decisions: 7, compared: 7, agreed });
    expect(on.event?.outputs['calls']).toMatchObject([{ role: 'report' }, { role: 'shadow', response_source: 'replay' }]);
    const { shadow: _, calls: __, ...rest } = on.event?.outputs ?? {};
    expect({ ...off.event?.outputs, calls: undefined }).toEqual({ ...rest, calls: undefined });
    expect(on.artifacts.filter(({ path }) => !path.includes('/shadow/'))).toEqual(off.artifacts);
  });

  test('is asked behind the report agent, and not where that is stopped or overridden or a template writes', async () => {
    const model = saying(text('The Sharpe ratio was 3.21.'));
    const stopped = await run({ ...model, flags });
    expect(model.asked.map(({ agent }) => agent)).toEqual(['report']);
    const report_output = AgentOutput.parse(jsonOf(stopped, 'report_output'));
    const overridden = await run(
      { ...noModel, flags },
      { visit: 2, job: jobWith([decided('HoldReportOutput', 'APPROVED', 9)]), report_output },
    );
    expect(overridden.event?.outputs).not.toHaveProperty('shadow');
    const byHand = exampleSpec('blueprint-breakout');
    if (byHand.kind !== 'blueprint') throw new Error('the sample changed its kind');
    const template = await run({ ...noModel, flags }, { docs: await documents(byHand, byHand.blueprint) });
    expect(template.event?.outputs).not.toHaveProperty('shadow');
    const fine = saying(text('Fine.'));
    await run({ ...fine, flags });
    expect(fine.asked.map(({ agent }) => agent)).toEqual(['report', 'shadow']);
  });
});

test('the verdict is that of the gates whatever the text says', async () => {
  const failed = { ...trend, gates: { ...trend.gates, passed: false, failed: ['max_drawdown' as const] } };
  const output = await run(saying(text('All gates passed with flying colours.')), { docs: failed });
  expect(output.route).toEqual({ guard: 'passed', gates: 'failed' });
  expect(reportFacts(failed.runspec, failed.result, failed.gates).gates.passed).toBe(false);
});
