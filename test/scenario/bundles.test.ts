import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundle, ROOT } from '../../infra/aws/bundle.ts';
import { FUNCTIONS, type FunctionName } from '../../infra/functions.ts';
import { functionVariables } from '../../infra/local/settings.ts';
import { startTestCloud, type TestCloud, untilSettled } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

// Functions as they are deployed: bundles, each in a process of its own, over the wire, as the role of the stack.

let cloud: TestCloud;
mkdirSync(path.join(ROOT, '.cache'), { recursive: true });
// Inside the tree, so that the SDK, which the Lambda runtime brings, is found.
const folder = mkdtempSync(path.join(ROOT, '.cache', 'bundles-'));

beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await cloud.remove();
});

/** Invokes the bundle of a function once per event, one after the other, in one new process. */
const invoke = async (name: FunctionName, events: readonly unknown[], options = { providers: [], signIn: false }): Promise<unknown[]> => {
  const spec = FUNCTIONS.find((one) => one.name === name);
  if (!spec) throw new Error(`no function ${name}`);
  for (const [file, contents] of Object.entries(bundle(spec, options).files)) {
    mkdirSync(path.dirname(path.join(folder, name, file)), { recursive: true });
    writeFileSync(path.join(folder, name, file), contents);
  }
  const script = `const { handler } = await import('./${name}/index.mjs');
    const answers = [];
    for (const event of JSON.parse(process.argv[1])) answers.push(await handler(event, { awsRequestId: 'r-1' }));
    process.stdout.write('ANSWERS' + JSON.stringify(answers));`;
  const env = { PATH: process.env['PATH'], ...functionVariables(cloud.dataDir, cloud, {})(name) };
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(events)], { cwd: folder, env });
  return JSON.parse((await run).stdout.split('ANSWERS')[1] ?? 'null');
};

/** A request as API Gateway hands it on, with claims that its authorizer verified. */
const request = (method: string, pathname: string, body?: string) => ({
  ...{ version: '2.0', routeKey: '$default', rawPath: pathname, rawQueryString: '', isBase64Encoded: false, body },
  headers: { host: new URL(cloud.web).host, 'content-type': body?.startsWith('{') ? 'application/json' : 'text/csv' },
  requestContext: {
    ...{ domainName: new URL(cloud.web).hostname, requestId: 'r-1', stage: '$default' },
    http: { method, path: pathname, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
    authorizer: { jwt: { claims: { sub: 'u-1', email: 'ann@example.test', email_verified: true }, scopes: null } },
  },
});

const BARS = 'date,open,high,low,close,volume,symbol\n2001-01-02,10,11,9,10,100,ABC\n2001-01-03,10,11,9,10,100,ABC\n';

it('the bundle of the pages submits a job, takes an upload and shows both', async () => {
  const [submitted, uploaded, listed] = await invoke('web', [
    request('POST', '/jobs', JSON.stringify(sample('blueprint-breakout'))),
    request('PUT', '/snapshots/tiny', BARS),
    request('GET', '/ui/jobs'),
  ]);
  expect(submitted).toMatchObject({ statusCode: 201 });
  expect(uploaded).toMatchObject({ statusCode: 200 });
  expect(listed).toMatchObject({ statusCode: 200, body: expect.stringContaining('<table') });
  const { job_id: id } = JSON.parse((submitted as { body: string }).body);
  expect((await untilSettled(cloud.web, id)).job).toMatchObject({ status: 'WAITING_APPROVAL', step: 'runspec' });
  const [table] = await invoke('web', [request('GET', `/ui/jobs/${id}`)]);
  expect(table).toMatchObject({ statusCode: 200, body: expect.stringContaining(id) });
});

it('the bundles that a schedule starts reconcile and sign', async () => {
  expect(await invoke('reconcile', [{ all: true }])).toEqual([expect.objectContaining({ checked: expect.any(Number) })]);
  expect(await invoke('digest', [{ thorough: true }])).toEqual([expect.objectContaining({ digests: expect.any(Number) })]);
});
