import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { FUNCTIONS } from '../../infra/functions.ts';
import { code, codes, page, table } from './markdown.ts';

const Catch = z.object({ ErrorEquals: z.array(z.string()), Next: z.string() });
const Choice = z.object({ Variable: z.string(), StringEquals: z.string(), Next: z.string() });
const State = z.object({
  Type: z.string(),
  Comment: z.string().optional(),
  Parameters: z.object({ FunctionName: z.string().optional(), Payload: z.object({ step: z.string().optional() }).optional() }).optional(),
  TimeoutSeconds: z.number().optional(),
  Next: z.string().optional(),
  Default: z.string().optional(),
  Choices: z.array(Choice).default([]),
  Catch: z.array(Catch).default([]),
});
type State = z.infer<typeof State>;
const Machine = z.object({ Comment: z.string(), TimeoutSeconds: z.number(), States: z.record(z.string(), State) });

const UNITS: [string, number][] = [
  ['days', 86_400],
  ['hours', 3_600],
  ['minutes', 60],
];

const duration = (seconds: number | undefined): string => {
  if (seconds === undefined) return '';
  const unit = UNITS.find(([, length]) => seconds % length === 0 && seconds >= length);
  return unit ? `${seconds / unit[1]} ${unit[0]}` : `${seconds} s`;
};

const functionOf = ({ Parameters }: State): string => {
  const spec = FUNCTIONS.find(({ placeholder }) => placeholder !== undefined && Parameters?.FunctionName === `\${${placeholder}}`);
  return spec ? code(spec.name) : '';
};

const next = ({ Next, Default, Choices }: State): string => {
  const chosen = Choices.map(({ Variable, StringEquals, Next: to }) => `${code(to)} if ${Variable.replace('$.', '')} is ${StringEquals}`);
  const otherwise = Next ?? Default;
  return [...chosen, ...(otherwise === undefined ? [] : [code(otherwise)])].join('; else ') || 'end';
};

const caught = ({ Catch: rules }: State): string =>
  rules.map(({ ErrorEquals, Next }) => `${codes(ErrorEquals)} to ${code(Next)}`).join('; ');

/** What a state does where its file says nothing: its type tells. */
const MEANING: Record<string, string> = { Choice: 'Chooses the next state.', Fail: 'Ends the execution as failed.' };

const commentOf = ({ Comment, Type, Parameters }: State): string => {
  const step = Parameters?.Payload?.step;
  return `${Comment ?? MEANING[Type] ?? ''}${step === undefined ? '' : ` Holds at step ${code(step)}.`}`;
};

/** The states of the job machine, from its definition. */
export const statesPage = (): string => {
  const text = readFileSync(new URL('../../statemachines/job.asl.json', import.meta.url), 'utf8');
  const { Comment, TimeoutSeconds, States } = Machine.parse(JSON.parse(text));
  const states = Object.entries(States);
  return page(
    'States of the job machine',
    '`statemachines/job.asl.json`',
    `${Comment} The machine's own timeout is ${duration(TimeoutSeconds)}.`,
    table(
      ['state', 'type', 'what it does', 'function', 'timeout', 'next'],
      states.map(([name, state]) => [
        code(name),
        state.Type,
        commentOf(state),
        functionOf(state),
        duration(state.TimeoutSeconds),
        next(state),
      ]),
    ),
    '## What is caught',
    table(
      ['state', 'errors'],
      states.filter(([, state]) => state.Catch.length > 0).map(([name, state]) => [code(name), caught(state)]),
    ),
  );
};
