import type { RequestHandler } from '../../adapters/aws/clients.ts';
import { type Env, readEnv } from '../../adapters/env.ts';
import { asError } from '../../contracts/errors.ts';
import type { FunctionSpec } from '../functions.ts';
import type { Meter } from './cost/meter.ts';

type Handler = (payload: unknown) => Promise<unknown>;
type Create = (env: Env, requestHandler?: RequestHandler) => Handler;

export type Invocation = { ok: true; payload: unknown } | { ok: false; errorType: string; errorMessage: string };

export const functionArn = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:holdpoint-local-${name}`;

const createOf = (module: unknown, entry: string): Create => {
  const create: unknown = typeof module === 'object' && module !== null ? Reflect.get(module, 'create') : undefined;
  if (typeof create !== 'function') throw new Error(`${entry} does not export create(env)`);
  return (env, requestHandler) => Reflect.apply(create, undefined, [env, requestHandler]);
};

/** Payloads cross as JSON, as they would on AWS: nothing is shared by reference. */
const overTheWire = (value: unknown): unknown => (value === undefined ? null : JSON.parse(JSON.stringify(value)));

/**
 * The functions of the stack, in this process. Each has its own variables, access key and clients, so that a
 * request can be told by its key which role made it.
 */
export const createFunctions = async (
  specs: readonly FunctionSpec[],
  variables: (name: string) => Record<string, string | undefined>,
  requestHandler: RequestHandler,
  meter: Pick<Meter, 'invocation'>,
): Promise<(arn: string, payload: unknown) => Promise<Invocation>> => {
  const handlers = new Map<string, { run: Handler; spec: FunctionSpec }>();
  await Promise.all(
    specs.map(async (spec) => {
      const { name, entry } = spec;
      const module: unknown = await import(new URL(`../../${entry}`, import.meta.url).href);
      handlers.set(functionArn(name), { run: createOf(module, entry)(readEnv(variables(name)), requestHandler), spec });
    }),
  );
  return async (arn, payload) => {
    const handler = handlers.get(arn);
    if (!handler) return { ok: false, errorType: 'Lambda.ResourceNotFoundException', errorMessage: `there is no function ${arn}` };
    try {
      const answered = await meter.invocation(handler.spec, () => handler.run(overTheWire(payload)));
      return { ok: true, payload: overTheWire(answered) };
    } catch (thrown) {
      const error = asError(thrown);
      return { ok: false, errorType: error.name, errorMessage: error.message };
    }
  };
};
