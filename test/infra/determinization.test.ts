import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Asl, type Walked, walk } from '../../infra/local/sfn/asl.ts';
import { controlReads } from '../../tools/determinism/control.ts';
import { determinismProblems } from '../../tools/determinism/proof.ts';
import { readMachines } from '../../tools/llm-sites/machines.ts';
import { mapCallSites } from '../../tools/llm-sites/map.ts';
import { roadmapProblems } from '../../tools/llm-sites/roadmap.ts';
import { parseSources, readSources, type Tree, withModule } from '../../tools/llm-sites/source.ts';

/**
 * No model is on a control path (D3).
 *
 * What is proven, from the state machines and the sources as they are:
 * - Of every value that a Choice, an ErrorPath, a CausePath, an InputPath or another path of control reads, every function that can have
 *   made it is found by following the data through the machine, over retries, catches, passes, maps and branches.
 * - Such a value is a route of a stage, and every value a route can have is text that is written in the code. So are the types of events, the
 *   statuses that end jobs, and the names of errors; a wait is answered with a signed context and nothing else.
 * - What an agent's code looks at to choose between these texts is a verdict: of the guard, of a published schema, of the gates, of a person.
 * - Agents leave no facts; the doctor's words reach neither the outcome nor a condition of the state that ends jobs.
 *
 * What is not proven:
 * - That the guard, a schema or the gates judge well: their tests say that. A verdict about an answer depends on the answer, as it must.
 * - Names of errors that packages and AWS give, and that a package does not give an error a name that it was told.
 * - What happens inside the handler of a function that is not a stage and asks no model, beyond the field that is read.
 * - A Cause may quote a model, and is shown. It is never matched.
 */
const root = new URL('../../', import.meta.url).pathname;
const sources = readSources(root);
const tree = parseSources(sources);
const machines = readMachines(root);

const textOf = (file: string): string => sources.get(file) ?? expect.fail(`there is no ${file}`);

/** The sources with one text in them put differently. */
const changed = (file: string, before: string | RegExp, after: string): Tree => {
  const text = textOf(file);
  const edited = text.replace(before, after);
  expect(edited, `${file} no longer has ${before}`).not.toBe(text);
  return withModule(tree, file, edited);
};

const INTENT = 'functions/agent/intent/intent.ts';
const REPORT = 'functions/agent/report/report.ts';
const END = 'functions/stage/end-job.ts';

describe('no control path reads a field that a model produced', () => {
  it('in any state machine and any source', () => {
    expect(machines.size).toBeGreaterThan(0);
    expect(determinismProblems(tree, machines)).toEqual([]);
  });

  it('and a machine that is added is looked at without being named anywhere', () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdpoint-machines-'));
    mkdirSync(join(folder, 'statemachines'));
    const lying = jobWithStates({ IntentGuard: choice('$.answer') }).get('job');
    for (const [name, asl] of [...machines, ['added', lying] as const])
      writeFileSync(join(folder, 'statemachines', `${name}.asl.json`), JSON.stringify(asl));
    const found = readMachines(folder);
    rmSync(folder, { recursive: true });
    expect([...found.keys()].toSorted()).toEqual([...machines.keys(), 'added'].toSorted());
    expect(determinismProblems(tree, found)).toEqual([expect.stringContaining('added/IntentGuard Variable $.answer')]);
    const { map, problems } = mapCallSites(tree, found);
    expect([problems, map.sites.find(({ agent }) => agent === 'intent')?.states]).toEqual([
      [],
      expect.arrayContaining([{ machine: 'added', state: 'Intent' }]),
    ]);
    expect(roadmapProblems([], found)).toContainEqual(expect.stringContaining('added/IntentGuard'));
  });

  it('and the proof looks at every Choice and every named end', () => {
    for (const [machine, asl] of machines) {
      const reads = controlReads(machine, asl);
      const decides = ({ state }: Walked) =>
        state.Type === 'Choice' || 'ErrorPath' in state || 'SecondsPath' in state || 'ItemsPath' in state;
      const deciders = [...walk(asl)].filter(decides).map(({ name }) => name);
      expect(new Set(reads.map(({ state }) => state.split('.').at(-1)))).toEqual(new Set(deciders));
      expect(reads.filter(({ origins }) => origins.length === 0)).toEqual([]);
    }
  });
});

/** The job machine with changes to some of its states. */
const jobWithStates = (states: Record<string, Record<string, unknown>>): ReadonlyMap<string, Asl> => {
  const job = machines.get('job') ?? expect.fail('there is no job machine');
  const edited = Object.fromEntries(Object.entries(states).map(([name, more]) => [name, { Type: 'Pass', ...job.States[name], ...more }]));
  return new Map([['job', Asl.parse({ ...job, States: { ...job.States, ...edited } })]]);
};

const choice = (Variable: string) => ({ Choices: [{ Variable, StringEquals: 'go', Next: 'HoldIntentOutput' }] });

describe('the proof fails when a machine', () => {
  it.each<[string, Record<string, Record<string, unknown>>, string]>([
    ['chooses by an agent field', { IntentGuard: choice('$.answer') }, 'result(intent).answer is no route'],
    ['chooses by a field deep in it', { IntentGuard: choice('$.context.refs.blueprint') }, 'result(intent).context.refs.blueprint'],
    [
      'hides the choice in And, Not and a path operand',
      { IntentGuard: { Choices: [{ And: [{ Not: { Variable: '$.guard', StringEqualsPath: '$.text' } }], Next: 'Stop' }] } },
      'result(intent).text is no route',
    ],
    [
      'renames the field on the way',
      {
        Intent: { Next: 'Renamed' },
        Renamed: { Type: 'Pass', Parameters: { 'verdict.$': '$.answer', 'context.$': '$.context' }, Next: 'IntentGuard' },
        IntentGuard: choice('$.verdict'),
      },
      'result(intent).answer is no route',
    ],
    [
      'takes it out by an intrinsic function',
      {
        Intent: { Next: 'Renamed' },
        Renamed: { Type: 'Pass', Parameters: { 'verdict.$': "States.Format('{}', $.answer)" }, Next: 'IntentGuard' },
        IntentGuard: choice('$.verdict'),
      },
      'result(intent).answer is no route',
    ],
    [
      'keeps it with ResultSelector',
      { Intent: { ResultSelector: { 'guard.$': '$.Payload.answer' }, OutputPath: '$' } },
      'result(intent).answer is no route',
    ],
    ['names an error by it', { Refused: { ErrorPath: '$.error.Cause' } }, 'is what an error says, in words'],
    ['reads it from a failed state', { Stopped: { ErrorPath: '$.cause' } }, 'result(stop).cause is not what ends a job'],
    ['feeds a state by it alone', { HoldBlueprint: { InputPath: '$.answer' } }, 'result(intent).answer is no route'],
    ['invokes what it says', { Compile: { Parameters: { 'FunctionName.$': '$.answer' } } }, 'answer(checkpoint).answer is no verdict'],
    [
      'chooses by it in a map',
      {
        IntentGuard: {
          ...{ Type: 'Map', Choices: undefined, Default: undefined, Next: 'Stop' },
          ItemProcessor: {
            StartAt: 'Look',
            States: { Look: { Type: 'Choice', ...choice('$.answer') }, HoldIntentOutput: { Type: 'Succeed' } },
          },
        },
      },
      'result(intent).answer is no route',
    ],
    ['matches an error by a path', { Compile: { Catch: [{ ErrorEquals: ['$.answer'], Next: 'Stop' }] } }, 'which is no name'],
  ])('%s', (_, states, problem) => {
    expect(determinismProblems(tree, jobWithStates(states))).toContainEqual(expect.stringContaining(problem));
  });
});

describe('the proof fails when code', () => {
  it.each<[string, string, string | RegExp, string, string]>([
    [
      'takes a route from the answer',
      INTENT,
      "route: { guard: 'question' }",
      'route: { guard: String(output.value) }',
      'route.guard is made of',
    ],
    [
      'passes a route on from the answer',
      REPORT,
      "route: { guard: 'passed', gates: verdict }",
      'route: output.value',
      '"route" must be an object',
    ],
    [
      'takes the verdict from the shadow',
      REPORT,
      "route: { guard: 'passed', gates: verdict }",
      "route: { guard: 'passed', gates: beside?.outputs.shadow?.agreed === 0 ? 'failed' : 'passed' }",
      'which is no verdict',
    ],
    [
      'stops where the shadow disagrees',
      REPORT,
      'return finished(docs, { ...told, guard_status: told.report.guard_status, override: null }, beside);',
      "if (beside?.outputs.shadow?.agreed === 0) return { artifacts: [], event: null, route: { guard: 'failed', gates: 'failed' } };\n    return finished(docs, { ...told, guard_status: told.report.guard_status, override: null }, beside);",
      'which is no verdict',
    ],
    [
      'spreads the answer into a route',
      REPORT,
      "route: { guard: 'passed', gates: verdict }",
      "route: { guard: 'passed', ...output }",
      '"route" must be an object',
    ],
    [
      'chooses a route by the answer',
      INTENT,
      "route: { guard: 'question' }",
      "route: { guard: output.text ? 'passed' : 'failed' }",
      'Consulted.output.text, which is no verdict',
    ],
    [
      'returns early by the answer',
      INTENT,
      'if (!report.passed || !blueprint.success)',
      "if (output.text === 'no' || !blueprint.success)",
      'Consulted.output.text, which is no verdict',
    ],
    [
      'judges the answer by a schema of its own',
      INTENT,
      'if (!report.passed || !blueprint.success)',
      'if (!z.literal("no").safeParse(output.value).success)',
      'which is no verdict',
    ],
    [
      'chooses by a failure to read the answer',
      INTENT,
      'const { guard_status } = report;',
      "try { JSON.parse(output.text); } catch { return { artifacts, event: null, route: { guard: 'passed' } }; }\n  const { guard_status } = report;",
      'a failure chooses the answer',
    ],
    [
      'leaves a fact',
      INTENT,
      "event: null, route: { guard: 'question' }",
      "event: null, facts: { gates: 'passed' }, route: { guard: 'question' }",
      'intent asks a model and leaves facts: gates',
    ],
    [
      'lets the answer name the event',
      REPORT,
      "event_type: 'REPORT_COMPLETED'",
      'event_type: output.value',
      "an event's type must be written in the code",
    ],
    [
      'answers what cannot be seen',
      REPORT,
      /return finished\(docs, \{ \.\.\.told.*\);/,
      'return JSON.parse(told.output.text);',
      'cannot be followed',
    ],
    [
      'answers more than context and route',
      'functions/stage/run-stage.ts',
      '{ context, ...result.route }',
      '{ context, said: 1, ...result.route }',
      'beside context and route',
    ],
    [
      'writes its own report of the guard',
      'functions/lib/agent/consult.ts',
      'const report = judgeText(',
      'const report = JSON.parse(text) ?? judgeText(',
      "the report must be judgeText's",
    ],
    [
      'throws an error that the answer names',
      INTENT,
      'throw new CompileRefused(',
      'throw Object.assign(new Error(), { name: output?.text }) ?? new CompileRefused(',
      'must be an error of a class',
    ],
    ['throws the answer', INTENT, 'throw new CompileRefused(', 'throw output ?? new CompileRefused(', 'must be an error of a class'],
    [
      'names an error afterwards',
      'functions/stage/handlers.ts',
      'error.message =',
      'error.name = String(error.cause);\n  error.message =',
      'a name is set to what is not written',
    ],
    [
      'has a class that takes its name',
      'contracts/errors.ts',
      "override name = 'CompileRefused'",
      'override name = String(Math.random())',
      'the name of a class must be written',
    ],
    [
      'fails a wait by a name from elsewhere',
      'functions/stage/deliver.ts',
      "'Revise'",
      'String(decision.comment)',
      'that answers a wait must be written',
    ],
    [
      'answers a wait with more',
      'functions/stage/deliver.ts',
      /waits\.succeed\(token\.token, \{/,
      'waits.succeed(token.token, { answer: head,',
      'with a context and nothing else',
    ],
    [
      'ends a job as the doctor says',
      END,
      /return \{ outcome, cause:/,
      'const told = await explainEnding(world, JSON.parse(""), JSON.parse(""));\n  return { outcome: told.outcome, cause:',
      'what the doctor gave decides something',
    ],
    [
      'asks the rules with what the doctor says',
      END,
      'rules.drafts(ending, job)',
      'rules.drafts(explained, job)',
      'what the doctor gave decides something',
    ],
    [
      'ends a job by the words of a failure',
      'functions/stop/stop.ts',
      'OUTCOMES[name]',
      'OUTCOMES[Cause]',
      'StateError.safeParse().data.Cause, which is no verdict',
    ],
    [
      'ends a job with what it was told',
      'functions/finish/finish.ts',
      "status: 'succeeded'",
      'status: job.title',
      'the status that ends a job must be written',
    ],
  ])('%s', (_, file, before, after, problem) => {
    expect(determinismProblems(changed(file, before, after), machines)).toContainEqual(expect.stringContaining(problem));
  });
});

describe('what a state is given', () => {
  const machine = (states: Record<string, unknown>) => Asl.parse({ StartAt: 'A', States: states });
  const look = { Type: 'Choice', Choices: [{ Variable: '$.x', IsPresent: true, Next: 'End' }], Default: 'End' };
  const originsAt = (states: Record<string, unknown>) =>
    controlReads('m', machine({ ...states, Look: look, End: { Type: 'Succeed' } })).map(({ origins }) => origins);

  it('is the input of the execution at first', () => {
    expect(originsAt({ A: { Type: 'Pass', Next: 'Look' } })).toEqual([['input.x']]);
  });

  it('may come from each of the ways that lead to it', () => {
    const pass = (value: unknown) => ({ Type: 'Pass', ...Object(value), Next: 'Look' });
    expect(
      originsAt({
        A: { Type: 'Choice', Choices: [{ Variable: '$.y', IsPresent: true, Next: 'B' }], Default: 'C' },
        B: pass({ Result: 1, ResultPath: '$.x' }),
        C: pass({ Parameters: { 'x.$': '$$.Execution.Name' } }),
      }).at(-1),
    ).toEqual(['constant', 'context.Execution.Name']);
  });

  it('cannot be said behind a path that selects by a condition', () => {
    expect(() => originsAt({ A: { Type: 'Pass', OutputPath: '$..x', Next: 'Look' } })).toThrow('cannot be followed at "..x"');
  });

  it('cannot grow without end in a loop', () => {
    expect(() => originsAt({ A: { Type: 'Pass', InputPath: '$.x', Next: 'A' } })).toThrow('nests its input without end');
  });
});
