import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RequestHandler } from '../../adapters/aws/clients.ts';
import { readEnv } from '../../adapters/env.ts';
import { asError } from '../../contracts/errors.ts';
import { functionArn, parseFunctionArn } from './arns.ts';
import type { Published } from './build.ts';
import { type Concurrency, THROTTLED } from './concurrency.ts';
import type { Meter } from './cost/meter.ts';
import { functionVariables } from './settings.ts';

type Handler = (payload: unknown) => Promise<unknown>;
type Spec = Published['functions'][number];
type Loaded = { run: Handler; spec: Spec };

export type Invocation = { ok: true; payload: unknown } | { ok: false; errorType: string; errorMessage: string };

export type FunctionsOptions = {
  /** The build that unqualified ARNs mean. Its functions alone exist: one that it lacks is gone with all its versions. */
  current: Published;
  /** Every build that was published here, `current` among them. */
  builds: readonly Published[];
  /** What variables of functions are made from. */
  settings: Parameters<typeof functionVariables>;
  requestHandler: RequestHandler;
  meter: Pick<Meter, 'invocation'>;
  concurrency: Pick<Concurrency, 'take'>;
  report: (message: string) => void;
};

const exportOf = (module: unknown, name: string, file: string): ((...args: unknown[]) => unknown) => {
  const found: unknown = typeof module === 'object' && module !== null ? Reflect.get(module, name) : undefined;
  if (typeof found !== 'function') throw new Error(`${file} does not export ${name}`);
  return (...args) => Reflect.apply(found, undefined, args);
};

const importFrom = async (folder: string, file: string): Promise<unknown> => import(pathToFileURL(join(folder, file)).href);

/** Payloads cross as JSON, as they would on AWS: nothing is shared by reference. */
const overTheWire = (value: unknown): unknown => (value === undefined ? null : JSON.parse(JSON.stringify(value)));

/** A version keeps its code and its variables whole: an earlier build reads and sets them as it did. */
const environmentOf = async ({ folder }: Published, name: string, { current, settings }: FunctionsOptions): Promise<unknown> => {
  if (folder === current.folder) return readEnv(functionVariables(...settings)(name));
  const [env, own] = await Promise.all(['adapters/env.ts', 'infra/local/settings.ts'].map((file) => importFrom(folder, file)));
  const variables = exportOf(own, 'functionVariables', `${folder}/infra/local/settings.ts`)(...settings);
  if (typeof variables !== 'function') throw new Error(`${folder}/infra/local/settings.ts gives no variables`);
  return exportOf(env, 'readEnv', `${folder}/adapters/env.ts`)(Reflect.apply(variables, undefined, [name]));
};

const load = async (build: Published, spec: Spec, options: FunctionsOptions): Promise<Loaded> => {
  const create = exportOf(await importFrom(build.folder, spec.entry), 'create', spec.entry);
  const handler = create(await environmentOf(build, spec.name, options), options.requestHandler);
  if (typeof handler !== 'function') throw new Error(`create of ${spec.entry} makes no handler`);
  return { run: async (payload) => Reflect.apply(handler, undefined, [payload]), spec };
};

const gone = (arn: string, why: string): Invocation => ({
  ok: false,
  errorType: 'Lambda.ResourceNotFoundException',
  errorMessage: `Function not found: ${arn}: ${why}`,
});

/**
 * The functions of the stack, in this process, in every version that an execution may still call. Each has its own variables, access key
 * and clients, so that a request can be told by its key which role made it.
 */
export const createFunctions = async (options: FunctionsOptions): Promise<(arn: string, payload: unknown) => Promise<Invocation>> => {
  const { current, builds, meter, concurrency, report } = options;
  const loaded = new Map<string, Promise<Loaded>>();
  const moved = new Set<number>();

  const loadOnce = (build: Published, spec: Spec): Promise<Loaded> => {
    const arn = functionArn(spec.name, build.version);
    const found = loaded.get(arn) ?? load(build, spec, options);
    loaded.set(arn, found);
    return found;
  };

  /** A build whose folder was moved or removed is answered for by the current one, out loud. */
  const buildOf = (version: number | null): Published | undefined => {
    const build = version === null ? current : builds.find((one) => one.version === version);
    if (!build || existsSync(build.folder)) return build;
    if (!moved.has(build.version)) report(`build ${build.version} is not in ${build.folder} any more; its executions go on with this one`);
    moved.add(build.version);
    return current;
  };

  await Promise.all(current.functions.map((spec) => loadOnce(current, spec)));
  return async (arn, payload) => {
    const named = parseFunctionArn(arn);
    if (!named || !current.functions.some(({ name }) => name === named.name)) {
      return gone(arn, 'a function that is no longer declared is deleted with all its versions; declare it with "retired: true"');
    }
    const build = buildOf(named.version);
    const spec = build?.functions.find(({ name }) => name === named.name);
    if (!build || !spec) return gone(arn, 'no build published this version');
    const release = concurrency.take(spec.name);
    if (!release) return { ok: false, ...THROTTLED };
    try {
      const { run } = await loadOnce(build, spec);
      return { ok: true, payload: overTheWire(await meter.invocation(spec, () => run(overTheWire(payload)))) };
    } catch (thrown) {
      const error = asError(thrown);
      return { ok: false, errorType: error.name, errorMessage: error.message };
    } finally {
      release();
    }
  };
};
