import { cpSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOLD_POINTS, sampleSpecs, settled } from '../../infra/local/rehearsal/holds.ts';
import { carryOn, type Parked, park, type Verdict } from '../../infra/local/rehearsal/rehearsal.ts';
import { runBuild } from '../../infra/local/rehearsal/running.ts';
import { buildVariant, type Edit, machineFile, type Variant } from '../support/build-variants.ts';
import { temporaryFolder } from '../support/cloud.ts';

const dataDir = temporaryFolder();
let old: Variant;
let parked: Parked[];

beforeAll(async () => {
  old = buildVariant([]);
  const done = await park(old.folder, dataDir);
  expect(done.missed).toEqual([]);
  ({ parked } = done);
}, 180_000);

afterAll(() => {
  old.remove();
  rmSync(dataDir, { recursive: true, force: true });
});

/** The same waiting jobs, each upgrade's own. */
const upgrade = async <T>(
  edits: readonly Edit[],
  files: Record<string, string>,
  then: (variant: Variant, data: string) => Promise<T>,
): Promise<T> => {
  const variant = buildVariant(edits, files);
  const data = temporaryFolder();
  cpSync(dataDir, data, { recursive: true });
  try {
    return await then(variant, data);
  } finally {
    variant.remove();
    rmSync(data, { recursive: true, force: true });
  }
};

/** Jobs that wait for answers no model is needed for: enough where a change does not touch models. */
const recorded = () => parked.filter(({ hold }) => hold.recorded);

const carriedOn = (edits: readonly Edit[], files: Record<string, string> = {}, stuckMs?: number): Promise<Verdict[]> =>
  upgrade(edits, files, ({ folder }, data) => carryOn(folder, data, recorded(), stuckMs));

const CODE: Edit = { file: 'functions/finish/finish.ts', from: "message: 'succeeded'", to: "message: 'succeeded, by the new code'" };

const MACHINE = 'statemachines/job.asl.json';

/** A state more, between the gates and the registry. */
const addedState = (): [Edit[], Record<string, string>] => {
  const machine = machineFile();
  const { Gates, Registry } = machine.States;
  const payload = { FunctionName: '${ReviewFunction}', Payload: { state: 'Review', 'run_id.$': '$$.Execution.Name', 'input.$': '$' } };
  const states = { ...machine.States, Gates: { ...Gates, Next: 'Review' }, Review: { ...Registry, Parameters: payload, Next: 'Registry' } };
  const edits = [
    { file: 'contracts/flow.ts', from: "Gates: { next: 'Registry' },", to: "Gates: { next: 'Review' },\n  Review: { next: 'Registry' }," },
    {
      file: 'infra/functions.ts',
      from: "  stage('registry',",
      to: "  stage('review', 'functions/review/handler.ts', 'Looks again'),\n  stage('registry',",
    },
  ];
  const handler = `import { defineStage } from '../../contracts/stage.ts';
import { stage } from '../stage/handlers.ts';
const run = () => ({ artifacts: [], event: { event_type: 'GATES_COMPLETED' as const, outputs: {} } });
export const create = stage(defineStage({ reads: {}, run }));
`;
  return [edits, { [MACHINE]: JSON.stringify({ ...machine, States: states }), 'functions/review/handler.ts': handler }];
};

/** A hold and a stage under other names, the stage's function too. */
const renamed = (keepOld: boolean): Edit[] => [
  { file: 'contracts/flow.ts', from: /\bHoldRunspec\b/g, to: 'HoldSpecification' },
  { file: 'contracts/flow.ts', from: /\bGates\b/g, to: 'Judge' },
  { file: 'functions/checkpoint/checkpoint.ts', from: /\bHoldRunspec\b/g, to: 'HoldSpecification' },
  { file: MACHINE, from: /"HoldRunspec"/g, to: '"HoldSpecification"' },
  { file: MACHINE, from: /"Gates"/g, to: '"Judge"' },
  { file: MACHINE, from: '${GatesFunction}', to: '${JudgeFunction}' },
  {
    file: 'infra/functions.ts',
    from: /( {2}stage\()'gates'(, [^\n]*)\{ memoryMb/g,
    to: `$1'judge'$2{ memoryMb${keepOld ? ": 1024, timeoutSeconds: 120 }),\n$1'gates'$2{ retired: true, memoryMb" : ''}`,
  },
];

describe('an upgrade under jobs that wait at every hold', () => {
  it('comes to every hold there is', () => {
    expect(parked).toHaveLength(HOLD_POINTS.length);
  });

  it('of code lets each go on to its end, with the code it began with', async () => {
    await upgrade([CODE], {}, async ({ folder }, data) => {
      expect((await carryOn(folder, data, parked)).filter(({ why }) => why !== null)).toEqual([]);
      const build = await runBuild(folder, data);
      try {
        const lastWords = async (jobId: string) => (await build.read(jobId)).events.at(-1)?.message;
        expect(await lastWords(recorded()[0]?.job_id ?? '')).toBe('succeeded');
        const specs = sampleSpecs(new URL('../../docs/examples/', import.meta.url));
        const anew = await build.submit({ ...specs('idea-trend', 'replay'), run: 90_001 });
        for (const step of ['blueprint', 'runspec']) {
          const { job } = await settled(build, anew, (detail) => detail.job.step === step);
          await build.post(`/jobs/${anew}/approve?step=${step}`, { subject_digest: job.subject_digest });
        }
        await settled(build, anew, ({ job }) => job.status === 'DONE');
        expect(await lastWords(anew)).toBe('succeeded, by the new code');
      } finally {
        await build.stop();
      }
    });
  }, 120_000);

  it('that adds a state lets each go on to its end', async () => {
    expect(await carriedOn(...addedState())).toMatchObject([
      { outcome: 'succeeded', why: null },
      { outcome: 'succeeded', why: null },
    ]);
  }, 120_000);

  it('that renames states lets each go on to its end, where the old function is kept as retired', async () => {
    expect(await carriedOn(renamed(true))).toMatchObject([
      { outcome: 'succeeded', why: null },
      { outcome: 'succeeded', why: null },
    ]);
  }, 120_000);
});

describe('an upgrade is refused, naming each job and why', () => {
  it('that deletes a function which waiting jobs have yet to call', async () => {
    const verdicts = await carriedOn(renamed(false));
    expect(verdicts.map(({ job_id }) => job_id)).toEqual(recorded().map(({ job_id }) => job_id));
    for (const { why } of verdicts)
      expect(why).toMatch(/it ended error: .*Function not found: .*function:holdpoint-local-gates:1: .*retired: true/);
  }, 120_000);

  it('that cannot read what waiting jobs left', async () => {
    const verdicts = await carriedOn(
      [{ file: 'contracts/context.ts', from: "z.literal('context_v1')", to: "z.literal('context_v2')" }],
      {},
      6_000,
    );
    for (const { why } of verdicts)
      expect(why).toMatch(/it was decided and is still RUNNING; the build says: .*(context_v2|schema_version)/s);
    expect(verdicts).toHaveLength(2);
  }, 120_000);

  it('that does not start on their data', async () => {
    const verdicts = await carriedOn([{ file: MACHINE, from: '"StartAt": "Intake"', to: '"StartAt": "Nowhere"' }]);
    for (const { why } of verdicts) expect(why).toContain('the new build does not run on the data of the old one');
    expect(verdicts).toHaveLength(2);
  }, 120_000);
});
