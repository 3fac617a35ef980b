import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import { isTransient } from '../../adapters/aws/aws-errors.ts';
import type { RequestHandler } from '../../adapters/aws/clients.ts';
import type { Env } from '../../adapters/env.ts';
import type { Meter } from '../../adapters/metrics.ts';
import { ASKS } from '../../adapters/model/parts.ts';
import { TELLS } from '../../adapters/notify/parts.ts';
import { createWorld, type Parts, type World } from '../../adapters/world.ts';
import { asError, RetryableError } from '../../contracts/errors.ts';
import type { Decoder, Stage } from '../../contracts/stage.ts';
import { redact } from '../lib/redaction.ts';
import { type EndRules, endJob } from './end-job.ts';
import { type HoldRules, openHold } from './hold.ts';
import { type MoreEffects, runStage } from './run-stage.ts';

/** What a function module exports: its handler, for an environment. No client outlives or precedes it. */
export type Create = (env: Env, requestHandler?: RequestHandler) => (payload: unknown) => Promise<unknown>;

type Reads = Record<string, Decoder<unknown>>;

const field = (payload: unknown, name: string): unknown =>
  typeof payload === 'object' && payload !== null ? Reflect.get(payload, name) : undefined;

const textOf = (payload: unknown, name: string): string | null => {
  const value = field(payload, name);
  return typeof value === 'string' ? value : null;
};

/** What the invocation counted, under the same correlation id as its lines. */
const measured = (meter: Meter) => {
  const flush = (request: { event: unknown }) => meter.flush(textOf(request.event, 'run_id'));
  return {
    after: (request: { event: unknown }) => {
      const state = textOf(request.event, 'state');
      if (state !== null) meter.done(state);
      flush(request);
    },
    onError: flush,
  };
};

/** One line per invocation with the execution name as correlation id. Never the payload: it may carry a token. */
const logged = (logger: Logger) => {
  const startedAt = new WeakMap<object, number>();
  const about = (request: { event: unknown }) => {
    logger.setCorrelationId(field(request.event, 'run_id'));
    return { state: field(request.event, 'state') };
  };
  const ms = ({ internal }: { internal: object }) => Math.round(performance.now() - (startedAt.get(internal) ?? 0));
  return {
    // What is reported on the way carries it too, and never that of the invocation before.
    before: (request: { event: unknown; internal: object }) => {
      about(request);
      startedAt.set(request.internal, performance.now());
    },
    after: (request: { event: unknown; internal: object }) => {
      logger.info('done', { ...about(request), ms: ms(request) });
    },
    onError: (request: { event: unknown; internal: object; error: Error | null }) => {
      logger.error('failed', { ...about(request), ms: ms(request), error: { name: request.error?.name, message: request.error?.message } });
    },
  };
};

/** The machine retries by name: what may pass later has the name it knows. */
const named = (error: Error): Error =>
  isTransient(error) ? new RetryableError(`${error.name}: ${error.message}`, { cause: error }) : error;

/** A failure's message becomes history, logs and events. */
const withoutSecrets = (error: Error, env: Env): Error => {
  error.message = redact(error.message, { secrets: env.knownSecrets }).text;
  return error;
};

/** Wraps an effectful function of (world, payload) as a Lambda handler. `parts` are what its world needs beyond logs and stores. */
export const handler =
  (run: (world: World, payload: unknown) => Promise<unknown>, parts: Parts = {}): Create =>
  (env, requestHandler) => {
    const logger = new Logger({ serviceName: 'holdpoint', logLevel: env.HOLDPOINT_LOG_LEVEL });
    const report: World['report'] = (error) => logger.error('unexpected', { error: { name: error.name, message: error.message } });
    const world = createWorld(env, { ...parts, requestHandler, report });
    const wrapped = middy()
      .use(logged(logger))
      .use(measured(world.meter))
      .handler(async (payload: unknown) => {
        try {
          return await run(world, payload);
        } catch (thrown) {
          throw withoutSecrets(named(asError(thrown)), env);
        }
      });
    const context = { callbackWaitsForEmptyEventLoop: false };
    return async (payload) => Reflect.apply(wrapped, undefined, [payload, context]);
  };

/** `export const create = stage(compile)`: a stage behind the harness; an agent is given `ASKS`. `effects`: those of this function alone. */
export const stage = <R extends Reads, O extends Reads>(definition: Stage<R, O>, given: Parts & { effects?: MoreEffects } = {}): Create => {
  const { effects, ...parts } = given;
  return handler((world, payload) => runStage(world, definition, payload, effects), parts);
};

/** A state that waits for people, and tells them. */
export const hold = (rules: HoldRules): Create => handler((world, payload) => openHold(world, rules, payload), TELLS);

/** The state that ends jobs which did not succeed. Its doctor asks a model. */
export const end = <E>(rules: EndRules<E>): Create => handler((world, payload) => endJob(world, rules, payload), ASKS);
