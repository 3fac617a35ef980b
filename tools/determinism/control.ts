import { type Asl, type AslState, holdsPath, strings } from '../../infra/local/sfn/asl.ts';
import { inputsOf, originsOf, read } from './data-flow.ts';
import { pathsIn } from './paths.ts';

/** One place where a machine lets data decide or name something. */
export type ControlRead = {
  machine: string;
  state: string;
  /** `route` decides what is done next; `words` are only told. */
  use: 'route' | 'words';
  field: string;
  path: string;
  /** Who may have made what is read. */
  origins: string[];
};

/** Fields that move data and decide nothing, whatever they select. */
const MOVES = new Set(['OutputPath', 'ResultPath']);

/** Parameters that say what is invoked. */
const TARGET = /^(FunctionName|StateMachineArn|Resource|StateMachineAliasArn|Name|ProjectName)\.\$$/;

const inChoice = (state: AslState): { key: string; text: string }[] =>
  state.Type === 'Choice' ? [...strings(state['Choices'])].filter(({ key }) => holdsPath(key)) : [];

const inOwnFields = (state: AslState): { key: string; text: string }[] =>
  Object.entries(state).flatMap(([key, value]) =>
    key.endsWith('Path') && !MOVES.has(key) && typeof value === 'string' ? [{ key, text: value }] : [],
  );

const inTarget = (state: AslState): { key: string; text: string }[] =>
  [...strings(state['Parameters'])].filter(({ key }) => TARGET.test(key));

/** Everything control flow of a machine reads, and who made it. */
export const controlReads = (machine: string, asl: Asl): ControlRead[] =>
  inputsOf(asl).inputs.flatMap(({ path: place, state, input }) =>
    [...inChoice(state), ...inOwnFields(state), ...inTarget(state)].map(({ key, text }) => ({
      ...{ machine, state: place, field: key, path: text },
      use: key === 'CausePath' ? ('words' as const) : ('route' as const),
      origins: [...new Set(pathsIn(text).flatMap((part) => originsOf(read(input, part))))].toSorted(),
    })),
  );

/** Names of errors that rules of a machine match: they must be written out. */
export const matchedErrors = (asl: Asl): string[] =>
  inputsOf(asl).inputs.flatMap(({ state }) =>
    ['Catch', 'Retry'].flatMap((field) =>
      [...strings(state[field])].filter(({ key }) => key.startsWith('ErrorEquals')).map(({ text }) => text),
    ),
  );
