import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { readEnv } from '../../adapters/env.ts';
import { createWorld } from '../../adapters/world.ts';
import { createApp } from '../../functions/web/handler.ts';
import { identityOf } from '../../functions/web/session/identify.ts';
import { createTelemetryApi } from '../../functions/web/telemetry/handler.ts';
import { FUNCTIONS } from '../functions.ts';
import type { Scheduled } from '../names.ts';
import { createActivity } from './activity.ts';
import { functionArn } from './arns.ts';
import { createArrivals } from './arrivals.ts';
import type { Athena } from './athena/service.ts';
import { startAthena } from './athena/start.ts';
import { type Build, machineOf, publishBuild, thisBuild } from './build.ts';
import { createConcurrency } from './concurrency.ts';
import { countedBy } from './cost/counted.ts';
import { createMeter } from './cost/meter.ts';
import { createDynamo } from './dynamo.ts';
import { createEndpoint } from './endpoint.ts';
import { createIam, type Iam, type IamOptions } from './iam/iam.ts';
import { localPolicies } from './iam/synthesize.ts';
import { inProcess } from './in-process.ts';
import { createKeys } from './keys/keys.ts';
import { createFunctions } from './lambda.ts';
import { listen } from './listen.ts';
import { lockFolder } from './lock.ts';
import { type Oidc, type OidcOptions, startOidc } from './oidc/oidc.ts';
import { createS3 } from './s3/server.ts';
import { seed } from './seed.ts';
import {
  ACCOUNT,
  ALERTS_TOPIC_ARN,
  APPROVALS_TOPIC_ARN,
  BUCKET_SETTINGS,
  DIGEST_EVERY_S,
  FAILED_QUEUES,
  functionVariables,
  LOCAL_MACHINES,
  REGION,
  TABLE_NAME,
} from './settings.ts';
import { createSfn } from './sfn/service.ts';
import { simulateProviders } from './simulate.ts';
import type { Simulator, SimulatorOptions } from './simulator/simulator.ts';
import { createSns } from './sns/sns.ts';
import { deadLetter } from './sqs/dead-letter.ts';
import { createSqs } from './sqs/sqs.ts';
import { type Handle, serveHttp } from './wire.ts';

export type CloudOptions = {
  port: number;
  awsPort: number;
  dataDir: string;
  environment: Record<string, string | undefined>;
  /** Hears what nobody else would: failures of background work. */
  report: (message: string) => void;
  /** Points live calls at a provider simulator on this machine. */
  simulate?: Partial<SimulatorOptions>;
  /** Has people sign in, at a provider on this machine. */
  oidc?: true | Omit<OidcOptions, 'dataDir'>;
  /** Refuses what the synthesized policies of the calling function, or of the bucket, do not grant. */
  enforceIam?: boolean | Partial<IamOptions>;
  /** How often digests are written, in ms. */
  digestEveryMs?: number;
  /** What is deployed, if not this tree: its functions and its machines. */
  build?: Build;
  /** Wraps the AWS endpoint: where tests break things. */
  intercept?: (endpoint: Handle) => Handle;
};

export type Cloud = { web: string; aws: string; simulator: Simulator | null; oidc: Oidc | null; iam: Iam | null; close(): Promise<void> };

/** Logs that ended which one pass signs: what is left is for the next, at another quiet moment. */
const DIGEST_LIMIT = 5;
const Signed = z.object({ signed: z.int() });

/** How often the reconciler looks for due jobs, in ms; on AWS a schedule does. */
const RECONCILE_EVERY_MS = 1_000;

const WEB_MEMORY_MB = FUNCTIONS.find(({ name }) => name === 'web')?.memoryMb ?? 0;

const REPOSITORY = new URL('../../', import.meta.url);

/** The policies of the stack before every service, or nothing. */
const startIam = async (enforce: CloudOptions['enforceIam']): Promise<Iam | null> => {
  if (!enforce) return null;
  const { policies = await localPolicies(), ...given } = enforce === true ? {} : enforce;
  return createIam({ policies, ...given });
};

/** Runs `work` again and again, never twice at once, until stopped. */
const repeat = (work: () => Promise<unknown>, everyMs: number, report: (message: string) => void): (() => Promise<void>) => {
  let running = Promise.resolve();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    running = work()
      .catch((error: unknown) => report(String(error)))
      .then(() => void (busy = false));
  }, everyMs);
  return () => {
    clearInterval(timer);
    return running;
  };
};

/** The system of the stack on this machine: same state machine file, same handlers, same SDK calls. */
export const startCloud = async (options: CloudOptions): Promise<Cloud> => {
  const { dataDir } = options;
  const unlock = lockFolder(dataDir);
  const closers: (() => unknown)[] = [unlock];
  const closing = new AbortController();
  const close = async () => {
    closing.abort();
    for (const closer of closers.toReversed()) await closer();
  };
  try {
    const s3 = createS3({ dataDir: join(dataDir, 's3'), buckets: BUCKET_SETTINGS });
    closers.push(() => s3.close());
    const dynamo = await createDynamo(dataDir, TABLE_NAME);
    closers.push(() => dynamo.close());
    // The machine service and the functions need each other: the endpoint is told of it when it stands.
    let states: Handle = () => Promise.reject(new Error('Step Functions is still starting'));
    const { intercept = (handle) => handle } = options;
    const meter = createMeter(join(dataDir, 'cost.jsonl'));
    closers.push(() => meter.close());
    const iam = await startIam(options.enforceIam);
    // Behind the policies: what is refused there reaches no service.
    const arrivals = createArrivals();
    const s3Handle = meter.s3(async (request, caller) => {
      const answer = await s3.handle(request, caller);
      arrivals.note(request, answer);
      return answer;
    });
    const { secrets, kms } = createKeys(dataDir);
    const { handle: sns } = createSns({ topics: [APPROVALS_TOPIC_ARN, ALERTS_TOPIC_ARN] });
    const concurrency = createConcurrency();
    const sqs = createSqs({ queues: Object.values(FAILED_QUEUES) });
    const dynamoHandle = meter.dynamodb(dynamo.handle);
    // Athena reads the bucket as itself: it is told where when the endpoint stands.
    let athena: Athena = { handle: () => Promise.reject(new Error('Athena is still starting')), close: () => undefined };
    const endpoint = intercept(
      createEndpoint({
        s3: iam ? iam.s3(s3Handle) : (r) => s3Handle(r),
        dynamodb: iam ? iam.dynamodb(dynamoHandle) : dynamoHandle,
        states: (r) => states(r),
        sns: iam ? iam.sns(sns) : sns,
        sqs: sqs.handle,
        secretsmanager: iam ? iam.secretsmanager(secrets) : secrets,
        kms: iam ? iam.kms(kms) : kms,
        lambda: iam ? iam.lambda(concurrency.handle) : concurrency.handle,
        athena: iam ? iam.athena((r) => athena.handle(r)) : (r) => athena.handle(r),
      }),
    );
    const aws = await serveHttp(endpoint, { port: options.awsPort, host: '127.0.0.1' });
    closers.push(() => aws.close());
    const awsUrl = `http://127.0.0.1:${aws.port}`;

    const simulated = options.simulate ? await simulateProviders(options.environment, { dataDir, ...options.simulate }) : null;
    if (simulated) closers.push(() => simulated.simulator.close());
    const oidc = options.oidc ? await startOidc({ dataDir, ...(options.oidc === true ? {} : options.oidc) }) : null;
    if (oidc) closers.push(() => oidc.close());
    const given = simulated?.environment ?? options.environment;
    const environment = oidc ? { HOLDPOINT_SIGN_IN: 'required', ...given, ...oidc.variables } : given;
    // Messages carry the address of the pages, so it must be known before the first function runs.
    let fetch: (request: Request) => Response | Promise<Response> = () => new Response('starting', { status: 503 });
    const pages = await listen((request) => fetch(request), options.port);
    closers.push(() => pages.close());
    const webUrl = `http://127.0.0.1:${pages.port}`;
    const settings: Parameters<typeof functionVariables> = [dataDir, { aws: awsUrl, web: webUrl }, environment];
    const variables = functionVariables(...settings);
    const { build = thisBuild(), report } = options;
    const activity = createActivity();
    const { current, builds } = publishBuild(join(dataDir, 'builds.json'), build);
    const invoke = await createFunctions({ current, builds, settings, requestHandler: inProcess(endpoint), meter, concurrency, report });
    const sfn = await createSfn({
      dataDir: join(dataDir, 'states'),
      machines: LOCAL_MACHINES.map(({ id, name }) => ({ name, definition: machineOf(build, id, current.version) })),
      region: REGION,
      account: ACCOUNT,
      invoke: ({ functionArn: arn, payload }) => activity.during(() => invoke(arn, payload)),
    });
    closers.push(() => sfn.close());
    states = iam ? iam.states(sfn.handle) : (r) => sfn.handle(r);

    athena = startAthena(dataDir, readEnv({ ...variables('web'), AWS_ACCESS_KEY_ID: 'local-setup' }), inProcess(endpoint));
    closers.push(() => athena.close());
    const counted = countedBy(meter, sfn);
    const web = createApp(readEnv(variables('web')), { requestHandler: inProcess(endpoint), local: true, counted, arrivals });
    // No function may write all of this: it is there before the first of them runs.
    await seed(
      createWorld(readEnv({ ...variables('web'), AWS_ACCESS_KEY_ID: 'local-setup' }), { requestHandler: inProcess(endpoint) }),
      REPOSITORY,
    );
    const work = async (name: Scheduled, payload: unknown) => {
      const done = await invoke(functionArn(name), payload);
      if (done.ok) return done;
      options.report(`${name}: ${done.errorType}: ${done.errorMessage}`);
      sqs.send(FAILED_QUEUES[name], deadLetter(name, { payload, ...done }, new Date()));
      return done;
    };
    const reconcile = (payload: unknown) => work('reconcile', payload);
    // A new table beside an old log: everything comes back from the log, and lost waits are opened again.
    if (dynamo.fresh && (await reconcile({ all: true, restartWaiters: true })).ok) await dynamo.markRebuilt();
    closers.push(repeat(() => reconcile({}), RECONCILE_EVERY_MS, options.report));
    const digest = async () => {
      for (let more = true; more && !closing.signal.aborted; ) {
        await activity.quiet();
        const done = await work('digest', { limit: DIGEST_LIMIT });
        more = done.ok && Signed.parse(done.payload).signed >= DIGEST_LIMIT;
      }
    };
    closers.push(repeat(digest, options.digestEveryMs ?? DIGEST_EVERY_S * 1000, options.report));
    const { callerOf } = identityOf(readEnv(variables('web')), web.world, true);
    const telemetry = createTelemetryApi(readEnv(variables('telemetry')), { requestHandler: inProcess(endpoint), callerOf });
    fetch = (request) => {
      const { pathname: path } = new URL(request.url);
      const [name, { app, world }] = /^\/telemetry(\/|$)/.test(path) ? (['telemetry', telemetry] as const) : (['web', web] as const);
      const release = concurrency.take(name);
      // What API Gateway answers for a function that Lambda refuses to run.
      if (!release) return Response.json({ message: 'Service Unavailable' }, { status: 503 });
      const { method } = request;
      const answer = () => meter.api({ method, path }, WEB_MEMORY_MB, async () => app.fetch(request));
      return (method === 'GET' ? answer() : activity.during(answer)).finally(() => {
        world.meter.flush(null);
        release();
      });
    };
    writeFileSync(join(dataDir, 'endpoints.json'), JSON.stringify({ web: webUrl, aws: awsUrl, pid: process.pid }));
    return { web: webUrl, aws: awsUrl, simulator: simulated?.simulator ?? null, oidc, iam, close };
  } catch (error) {
    await close();
    throw error;
  }
};
