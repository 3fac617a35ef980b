import type { LambdaEvent } from 'hono/aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readEnv } from '../../adapters/env.ts';
import { formToken } from '../../functions/lib/form-token.ts';
import { create } from '../../functions/web/handler.ts';
import { variablesOf } from '../../infra/environment/variables.ts';
import { type Environment, parseEnvironments } from '../../infra/environments.ts';
import { blueprintRules, capabilityTo, type RuledCloud, startRuledCloud } from '../support/approving.ts';
import { getJob, submit, untilSettled } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

// What an environment says of links, all the way: from its entry through the variables of the stack to the Lambda handler.

const ENTRY = {
  ...{ name: 'canary', tier: 'dev', region: 'us-east-1', retention: { logDays: 14, noncurrentDays: 14 }, objectLock: { mode: 'none' } },
  ...{ customerKeys: false, deletionProtection: false, monthlyUsd: 20, deployment: 'all-at-once' },
  llm: { mode: 'replay', providers: [{ kind: 'mock' }] },
};
const KNOWN = {
  machineAlias: 'arn:aws:states:x',
  rolloutAlias: 'arn:aws:states:x',
  contextSecret: 'x',
  digestKey: 'x',
  approvalsTopic: 'x',
  origin: 'https://x.example',
};
const OIDC = { issuer: 'https://login.example', audience: ['holdpoint'], signIn: 'optional' };

const environment = (allowLinkApproval: boolean, oidc: typeof OIDC | null): Environment => {
  const [parsed] = parseEnvironments([{ ...ENTRY, allowLinkApproval, ...(oidc ? { oidc } : {}) }]);
  if (!parsed) throw new Error('the entry is no environment');
  return parsed;
};

/** Of the variables that the stack gives the web function, those that say who may come in; the stores are the local ones. */
const accessOf = (settings: Environment): Record<string, string> =>
  Object.fromEntries(
    Object.entries(variablesOf('web', settings, KNOWN)).filter(([name]) => /SIGN_IN|OIDC|LINK_APPROVAL|OPERATOR/.test(name)),
  );

const Answer = z.object({ statusCode: z.number(), body: z.string() });
const HEADERS = {
  ...{ host: 'holdpoint.example', accept: 'text/html', origin: 'https://holdpoint.example' },
  ...{ 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
};

describe('an environment says whether a link alone is enough', () => {
  let fixture: RuledCloud;
  let id: string;
  let path: string;
  let form: string;
  beforeAll(async () => {
    fixture = await startRuledCloud(blueprintRules({ approvers: ['ann'], proven_by: ['link', 'oidc'] }));
    const { cloud, world } = fixture;
    id = (await submit(cloud.web, sample('idea-trend', { run: 9001 }))).job_id;
    const { job } = await untilSettled(cloud.web, id, 'blueprint');
    const capability = await capabilityTo(world, id, 'ann');
    path = `/a/${capability}`;
    const token = formToken(await world.keyRing(), capability, job.subject_digest ?? '');
    form = new URLSearchParams({ subject_digest: job.subject_digest ?? '', token, choice: 'approve', typed: 'blueprint' }).toString();
  });
  afterAll(() => fixture.cloud.remove());

  const serve = async (settings: Environment, method: 'GET' | 'POST', query = '') => {
    const { HOLDPOINT_LINK_APPROVAL: _, ...variables } = fixture.variables;
    const handler = create(readEnv({ ...variables, ...accessOf(settings) }));
    const event: unknown = {
      ...{ version: '2.0', routeKey: '$default', rawPath: path, rawQueryString: query, isBase64Encoded: false, headers: { ...HEADERS } },
      requestContext: {
        ...{ domainName: 'holdpoint.example', requestId: 'r', stage: '$default', timeEpoch: 0 },
        http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      },
      ...(method === 'POST' ? { body: form } : {}),
    };
    const context: unknown = { invokedFunctionArn: 'arn', awsRequestId: 'r' };
    return Answer.parse(await handler(event as LambdaEvent, context as Parameters<typeof handler>[1]));
  };

  it.each([
    ['optional', OIDC, 401, 'Sign in to read and decide'],
    ['required', { ...OIDC, signIn: 'required' }, 401, 'Sign in to read and decide'],
    ['absent', null, 403, 'This link cannot decide'],
  ])('no: with sign-in %s it neither shows the evidence nor takes the decision', async (_, oidc, status, title) => {
    const settings = environment(false, oidc);
    const answers = [await serve(settings, 'GET'), await serve(settings, 'GET', 'file=blueprint'), await serve(settings, 'POST')];
    for (const { statusCode, body } of answers) {
      expect([statusCode, body.includes(`<h1>${title}</h1>`), body.includes('subject_digest')]).toEqual([status, true, false]);
    }
    expect((await getJob(fixture.cloud.web, id)).job.status).toBe('WAITING_APPROVAL');
  });

  it('nothing: a function that is not told refuses', async () => {
    const { HOLDPOINT_LINK_APPROVAL: _, ...variables } = fixture.variables;
    expect(readEnv(variables).HOLDPOINT_LINK_APPROVAL).toBe('off');
  });

  it('yes: with sign-in optional it shows both, and decides', async () => {
    const settings = environment(true, OIDC);
    expect(await serve(settings, 'GET')).toMatchObject({ statusCode: 200, body: expect.stringContaining('known by this link alone') });
    expect((await serve(settings, 'POST')).statusCode).toBe(303);
    const { events } = await untilSettled(fixture.cloud.web, id, 'runspec');
    expect(events.find(({ event_type, actor }) => event_type === 'APPROVED' && actor.id === 'ann')?.actor.identity).toBe('link');
  });

  it.each([
    ['Åse', 'latin1'],
    ['Åse', 'utf8'],
    ['Łukasz 王芳', 'utf8'],
  ] as const)('the local header names people in any script: %s as %s', async (name, encoding) => {
    const header = Buffer.from(name, encoding).toString('latin1');
    const page = await fetch(`${fixture.cloud.web}/ui/jobs`, { headers: { 'x-holdpoint-user': header } });
    expect([page.status, (await page.text()).includes(`<bdi>${name}</bdi>`)]).toEqual([200, true]);
  });
});
