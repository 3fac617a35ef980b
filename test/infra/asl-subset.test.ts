import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import * as errors from '../../contracts/errors.ts';
import { JOB_FLOW, longestSilence, ROLLOUT_FLOW, type StateFlow } from '../../contracts/flow.ts';
import { Asl, type AslState, INVOKE_AND_WAIT, strings, walk } from '../../infra/local/sfn/asl.ts';
import { refusals } from '../../infra/local/sfn/subset.ts';

// Ships no types.
const aslValidator: (definition: unknown) => { isValid: boolean; errorsText(): string } = createRequire(import.meta.url)('asl-validator');

const folder = new URL('../../statemachines/', import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith('.asl.json'));
const text = (file: string): string => readFileSync(new URL(file, folder), 'utf8');
const substituted = (file: string): unknown =>
  JSON.parse(text(file).replaceAll(/"\$\{(\w+)\}"/g, '"arn:aws:lambda:us-east-1:000000000000:function:$1"'));

const Rules = z.array(z.looseObject({ ErrorEquals: z.array(z.string()), Next: z.string().optional() })).default([]);
const rules = (state: AslState, field: 'Retry' | 'Catch') => Rules.parse(state[field]);

const RETRIED = [
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
];
const PERMANENT = Object.values(errors).flatMap((made) => {
  const error = typeof made === 'function' && made.prototype instanceof errors.PermanentError ? Reflect.construct(made, ['']) : null;
  return error instanceof errors.PermanentError ? [error.name] : [];
});

describe.each(files)('%s', (file) => {
  const machine = Asl.parse(JSON.parse(text(file)));
  const states = [...walk(machine)];
  const tasks = states.filter(({ state }) => state.Type === 'Task');
  const offenders = (broken: (state: AslState) => boolean, among = states) =>
    among.filter(({ state }) => broken(state)).map(({ name }) => name);

  it('has no finding by asl-validator', () => {
    const verdict = aslValidator(substituted(file));
    expect(verdict.isValid, verdict.isValid ? '' : verdict.errorsText()).toBe(true);
  });

  it('runs on this machine as on AWS', () => {
    expect(refusals(Asl.parse(substituted(file)))).toEqual([]);
  });

  it('says how long the machine and every task may take', () => {
    expect(machine.TimeoutSeconds).toBeGreaterThan(0);
    expect(machine.TimeoutSeconds).toBeLessThan(365 * 86_400);
    expect(offenders((state) => typeof state['TimeoutSeconds'] !== 'number', tasks)).toEqual([]);
  });

  it('has placeholders as whole strings only', () => {
    const partial = [...strings(machine)].filter(({ text: value }) => value.includes('${') && !/^\$\{\w+\}$/.test(value));
    expect(partial).toEqual([]);
  });

  it('passes nothing into an item processor but by ItemSelector', () => {
    const inside = states.filter(({ insideProcessor }) => insideProcessor);
    expect(offenders((state) => /\$\$\.(Execution\.Input|Map)\b/.test(JSON.stringify(state)), inside)).toEqual([]);
  });

  it('retries every task on throttles and service errors, with full jitter and a bound', () => {
    const careless = (state: AslState) => {
      const retry = rules(state, 'Retry');
      const listed = retry.flatMap(({ ErrorEquals }) => ErrorEquals);
      const bounded = retry.every((rule) => rule['JitterStrategy'] === 'FULL' && Number(rule['MaxDelaySeconds']) > 0);
      return !bounded || RETRIED.some((error) => !listed.includes(error));
    };
    expect(offenders(careless, tasks)).toEqual([]);
  });

  it('never retries an error that is permanent', () => {
    const hopeless = new Set([...PERMANENT, 'States.ALL', 'States.TaskFailed', 'States.Timeout', 'Error']);
    expect(PERMANENT.length).toBeGreaterThan(5);
    expect(offenders((state) => rules(state, 'Retry').some(({ ErrorEquals }) => ErrorEquals.some((error) => hopeless.has(error))))).toEqual(
      [],
    );
  });
});

describe.each([
  { file: 'job.asl.json', kind: 'idea' as const, flow: JOB_FLOW, ends: ['Finish', 'Stop'] },
  { file: 'rollout.asl.json', kind: 'rollout' as const, flow: ROLLOUT_FLOW, ends: ['RolloutFinish', 'Rollback', 'RolloutStop'] },
])('contracts/flow.ts for $file', ({ file, kind, flow, ends }) => {
  const { States } = Asl.parse(JSON.parse(text(file)));
  const state = (name: string): AslState => States[name] ?? expect.fail(`${file} has no state ${name}`);
  const following = (name: string): string => z.string().parse(state(name)['Next'] ?? state(name)['Default']);
  /** Past a Map, which works beside the context. */
  const next = (name: string): string => {
    const after = following(name);
    return state(after).Type === 'Map' ? next(after) : after;
  };
  const Choices = z.array(z.strictObject({ Variable: z.string(), StringEquals: z.string(), Next: z.string() }));
  /** What a state leads to: past the Choice after it by that Choice's default, and its rules as routes. */
  const flowOf = (name: string): StateFlow => {
    const after = next(name);
    const payload = z.looseObject({ step: z.string().optional() }).parse(Object(state(name)['Parameters']).Payload);
    const revise = rules(state(name), 'Catch').find(({ ErrorEquals }) => ErrorEquals.includes('Revise'))?.Next;
    // Failures that a person can do something about: what they lead to is a hold.
    const isHold = (target: string) => Object(Object(state(target)['Parameters']).Payload).step !== undefined;
    const held = rules(state(name), 'Catch')
      .filter(({ ErrorEquals, Next }) => Next !== undefined && isHold(Next) && !ErrorEquals.some((error) => error.startsWith('States.')))
      .flatMap(({ ErrorEquals, Next }) => ErrorEquals.map((error) => [error, Next]));
    const chosen = state(after).Type === 'Choice' ? Choices.parse(state(after)['Choices']) : [];
    return {
      next: state(after).Type === 'Choice' ? next(after) : after,
      ...(payload.step === undefined ? {} : { step: payload.step }),
      ...(revise === undefined ? {} : { revise: next(revise) }),
      ...(chosen.length === 0
        ? {}
        : { routes: chosen.map((rule) => ({ field: rule.Variable.slice(2), value: rule.StringEquals, to: rule.Next })) }),
      ...(held.length === 0 ? {} : { failures: Object.fromEntries(held) }),
    };
  };

  it('is what the file does, for every state with a successor but those that end it', () => {
    const names = Object.keys(States).filter((name) => state(name).Type === 'Task' && !ends.includes(name));
    expect(Object.fromEntries(names.map((name) => [name, flowOf(name)]))).toEqual(flow);
  });

  it('declares how long the history of an execution may stand still: the longest attempt and the longest pause of the machine', () => {
    const all = [...walk(Asl.parse(JSON.parse(text(file))))].map((one) => one.state);
    const attempts = all.filter((one) => one['Resource'] !== INVOKE_AND_WAIT).map((one) => Number(one['TimeoutSeconds'] ?? 0));
    const pauses = all.flatMap((one) => rules(one, 'Retry').map((rule) => Number(rule['MaxDelaySeconds'])));
    const waits = all.filter(({ Type }) => Type === 'Wait').map((one) => Number(one['Seconds'] ?? 0));
    const declared = longestSilence(kind);
    expect(declared).toBe(Math.max(...attempts) + Math.max(...pauses));
    expect(Math.max(0, ...waits)).toBeLessThan(declared);
  });

  it('knows every hold by its step, and every function by the state it is called for', () => {
    for (const { name, state: task } of walk(Asl.parse(JSON.parse(text(file))))) {
      if (task.Type !== 'Task') continue;
      const payload = z.looseObject({ state: z.string(), step: z.string().optional() }).parse(Object(task['Parameters']).Payload);
      expect(payload.state).toBe(name);
      expect(payload.step !== undefined, name).toBe(task['Resource'] === INVOKE_AND_WAIT);
    }
  });
});
