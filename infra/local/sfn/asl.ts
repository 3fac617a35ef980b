import * as z from 'zod';

/** One state, as written in the file. */
export type AslState = { Type: string; [field: string]: unknown };
export type Asl = { StartAt: string; States: Record<string, AslState>; TimeoutSeconds?: number | undefined; [field: string]: unknown };

/** A machine, a Parallel branch or a Map's ItemProcessor. Says only what is read here; the grammar is the validator's. */
export const Asl: z.ZodType<Asl> = z.looseObject({
  StartAt: z.string(),
  States: z.record(z.string(), z.looseObject({ Type: z.string() })),
  TimeoutSeconds: z.number().optional(),
});

export const INVOKE = 'arn:aws:states:::lambda:invoke';
export const INVOKE_AND_WAIT = 'arn:aws:states:::lambda:invoke.waitForTaskToken';

export type Walked = { name: string; state: AslState; insideProcessor: boolean };

/** The machines a state runs: its branches or its item processor. */
export const innerMachines = (state: AslState): Asl[] => {
  const branches = z.array(Asl).safeParse(state['Branches']).data ?? [];
  const processor = Asl.safeParse(state['ItemProcessor']).data;
  return processor ? [...branches, processor] : branches;
};

/** Every state, those of branches and item processors too. */
export function* walk(machine: Asl, insideProcessor = false): Generator<Walked> {
  for (const [name, state] of Object.entries(machine.States)) {
    yield { name, state, insideProcessor };
    for (const inner of innerMachines(state)) yield* walk(inner, insideProcessor || state.Type === 'Map');
  }
}

/** Every string at or below `value`, with the key it stands under. */
export function* strings(value: unknown, key = ''): Generator<{ key: string; text: string }> {
  if (typeof value === 'string') yield { key, text: value };
  else if (Array.isArray(value)) for (const item of value) yield* strings(item, key);
  else if (value !== null && typeof value === 'object') for (const [name, item] of Object.entries(value)) yield* strings(item, name);
}

/** Whether a field of this name holds a path or an intrinsic function. */
export const holdsPath = (key: string): boolean => key.endsWith('.$') || key.endsWith('Path') || key === 'Variable';
