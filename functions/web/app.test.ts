import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { Refusal } from '../../contracts/commands.ts';
import {
  ApprovalList,
  ArtifactList,
  DecisionView,
  EventList,
  JobList,
  JobView,
  Problem,
  StatusView,
  VerifyReport,
} from '../../contracts/http.ts';
import { ServiceMetrics } from '../../contracts/metrics.ts';
import { fold } from '../lib/fold.ts';
import { createWeb } from './app.ts';
import type { WebDeps } from './deps.ts';
import { createTelemetryApp } from './telemetry/app.ts';
import { emptyMemory, type Memory, memoryDeps, Story } from './testing.ts';

const ID = 'aaaaaaaaaaaa';

const serve = (memory: Memory = emptyMemory(), overrides: Partial<WebDeps> = {}) => createWeb(memoryDeps(memory, overrides));

const waiting = (memory = emptyMemory()): { memory: Memory; story: Story; digest: string } => {
  const story = new Story(memory, ID).submitted('Trend filter');
  story.waits('blueprint', 'HoldBlueprint', [{ ...story.file('outputs/blueprint.json', '{"fast":50}'), name: 'blueprint' }], 9);
  const state = fold(story.events);
  if (state?.status !== 'WAITING_APPROVAL') throw new Error('does not wait');
  return { memory, story, digest: state.approval.subject_digest };
};

const SPEC = {
  schema_version: 'job_spec_v1',
  kind: 'idea',
  title: 'Sample',
  snapshot_id: 'sample',
  policy_bundle: 'default_v1',
  idea: { hypothesis: 'h', symbols: ['SPX'], frequency: '1d', start: '2001-01-02', end: '2015-12-31' },
};
const unasked = () => {
  throw new Error('nobody asks for this');
};

const OpenApi = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});
const json = (body: unknown, method = 'POST') => ({ method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });

const problem = async (answer: Response): Promise<[number, string]> => [answer.status, Problem.parse(await answer.json()).code];

describe('every answer', () => {
  const paths = ['/healthz', '/ui/jobs', '/jobs', '/nowhere', '/assets/holdpoint.css', '/ui/jobs/aaaaaaaaaaaa'];
  test.each(paths)('%s carries the strict headers', async (path) => {
    const answer = await serve().request(path);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'; style-src 'self'; script-src 'self'");
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('strict-transport-security')).toBeNull();
    if (!path.startsWith('/assets')) expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('HSTS is sent where the site is not local', async () => {
    const answer = await serve(emptyMemory(), { local: false }).request('/healthz');
    expect(answer.headers.get('strict-transport-security')).toContain('max-age=');
  });

  test('HEAD answers as GET does, without a body', async () => {
    const answer = await serve().request('/ui/jobs', { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
  });

  test('what nobody is known for is closed, but health, document and assets', async () => {
    const headers = { 'x-holdpoint-user': 'nobody' };
    for (const path of ['/jobs', '/ui/jobs', '/metrics', '/jobs/aaaaaaaaaaaa/artifacts/x']) {
      expect((await serve().request(path, { headers })).status).toBe(401);
    }
    for (const path of ['/healthz', '/openapi.json', '/assets/holdpoint.css'])
      expect((await serve().request(path, { headers })).status).toBe(200);
  });

  test('an unexpected error is reported inside and says nothing outside', async () => {
    const reported: string[] = [];
    const { commands } = memoryDeps(emptyMemory());
    const broken = { ...commands, load: async () => Promise.reject(new Error('bucket secret-name is gone')) };
    const app = serve(emptyMemory(), { commands: broken, report: (error, { path }) => reported.push(`${path}: ${error.message}`) });
    const answer = await app.request(`/jobs/${ID}`);
    expect([answer.status, (await answer.text()).includes('secret-name')]).toEqual([500, false]);
    expect(reported).toEqual([`/jobs/${ID}: bucket secret-name is gone`]);
  });

  test('a problem is a page only where a browser asks for one', async () => {
    const page = await serve().request('/ui/jobs/999999999999', { headers: { accept: 'text/html' } });
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
    const problem = await serve().request('/jobs/999999999999', { headers: { accept: 'text/html' } });
    expect([problem.status, problem.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
    expect(await problem.json()).toMatchObject({ code: 'NOT_FOUND', status: 404 });
  });
});

describe('jobs', () => {
  test('a new spec is 201, the same again is 200 and the same job', async () => {
    const app = serve();
    const first = await app.request('/jobs', json(SPEC));
    const again = await app.request('/jobs', json(SPEC));
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(JobView.parse(await again.json())).toEqual(JobView.parse(await first.json()));
  });

  test('a bad spec names pointer and value', async () => {
    const answer = await serve().request('/jobs', json({ ...SPEC, idea: { ...SPEC.idea, frequency: '1h' } }));
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'INVALID_INPUT', errors: [{ pointer: '/idea/frequency', value: '"1h"' }] });
  });

  test('an unknown field is an error', async () => {
    expect((await serve().request('/jobs', json({ ...SPEC, surprise: 1 }))).status).toBe(400);
  });

  test('a spec over 200 KiB is 413', async () => {
    const answer = await serve().request('/jobs', json({ ...SPEC, title: 'x'.repeat(201 * 1024) }));
    expect(await problem(answer)).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });

  test('a list is filtered, paged, and refuses what it does not know', async () => {
    const memory = emptyMemory();
    for (const [i, id] of ['111111111111', '222222222222', '333333333333'].entries())
      new Story(memory, id).submitted(`Job ${i}`, 'idea', 60 - i);
    const app = serve(memory);
    const page = JobList.parse(await (await app.request('/jobs?limit=2')).json());
    expect(page.jobs.map((job) => job.job_id)).toEqual(['333333333333', '222222222222']);
    const rest = JobList.parse(await (await app.request(`/jobs?limit=2&cursor=${page.next_cursor}`)).json());
    expect([rest.jobs.length, rest.next_cursor]).toEqual([1, null]);
    for (const query of ['limit=0', 'limit=201', 'limit=x', 'status=LATE', 'cursor=%3Cx%3E'])
      expect((await app.request(`/jobs?${query}`)).status).toBe(400);
  });

  test('an id that no job can have is a job that does not exist', async () => {
    for (const id of ['nope', 'AAAAAAAAAAAA', '..%2f..', 'aaaaaaaaaaaaa']) expect((await serve().request(`/jobs/${id}`)).status).toBe(404);
  });

  test('a log with nothing in it is a job that does not exist, not one that verifies', async () => {
    const { memory } = waiting();
    const app = serve(memory);
    expect(VerifyReport.parse(await (await app.request(`/jobs/${ID}/verify`)).json())).toMatchObject({ ok: true, events: 2 });
    expect((await app.request('/jobs/999999999999/verify')).status).toBe(404);
  });
});

describe('events', () => {
  test('start after the number that was asked', async () => {
    const { memory } = waiting();
    const { events } = EventList.parse(await (await serve(memory).request(`/jobs/${ID}/events?after=1`)).json());
    expect(events.map((event) => event.seq)).toEqual([2]);
  });

  test('without holding, the stream answers what is there after Last-Event-ID and closes', async () => {
    const { memory } = waiting();
    const answer = await serve(memory).request(`/jobs/${ID}/events/stream`, { headers: { 'last-event-id': '1' } });
    const text = await answer.text();
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    expect(text).toMatch(/^retry: 3000\n\nid: 2\ndata: \{.*\}\n\n$/);
  });

  test('what pages read as JSON is there below /ui too, where a session counts', async () => {
    const { memory } = waiting();
    for (const path of ['events', 'events/stream', 'artifacts', 'verify']) {
      const [root, ui] = await Promise.all(['', '/ui'].map(async (at) => serve(memory).request(`${at}/jobs/${ID}/${path}`)));
      expect([ui?.status, await ui?.text()]).toEqual([200, await root?.text()]);
    }
    const page = await (await serve(memory).request(`/ui/jobs/${ID}`)).text();
    for (const [, path] of page.matchAll(/ (?:href|src|data-stream|action)="(\/[^"]*)"/g)) expect(path).toMatch(/^\/(ui|assets|auth)\//);
  });

  test('a held stream brings what comes, ends after DONE, and tells a client that returns to stay away', async () => {
    const { memory, story } = waiting();
    const arrivals = {
      wait: async (id: string) => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return { newest: memory.logs.get(id)?.length ?? 0, next: null };
      },
    };
    const app = serve(memory, { arrivals });
    const answer = await app.request(`/jobs/${ID}/events/stream?after=2`);
    setTimeout(() => story.decided('REJECTED', 'no', 1).did('DONE', 'Stop', [], { status: 'rejected' }, 0), 50);
    const text = await answer.text();
    expect(text.match(/^id: \d+/gm)).toEqual(['id: 3', 'id: 4']);
    expect((await app.request(`/jobs/${ID}/events/stream`, { headers: { 'last-event-id': '4' } })).status).toBe(204);
  });
});

describe('decisions', () => {
  const decide = (app: ReturnType<typeof serve>, path: string, body: unknown) => app.request(`/jobs/${ID}/${path}`, json(body));

  test('the digest that was seen decides, and the same again is told what is on record', async () => {
    const { memory, digest } = waiting();
    const app = serve(memory);
    const first = DecisionView.parse(await (await decide(app, 'approve?step=blueprint', { subject_digest: digest })).json());
    expect(first).toMatchObject({ already_decided: false, decision: { event_type: 'APPROVED', by: 'bob' } });
    const again = await decide(app, 'approve?step=blueprint', { subject_digest: digest });
    expect(await again.json()).toEqual({ ...first, already_decided: true });
  });

  test.each([
    ['no step', 'approve', 'UNKNOWN_STEP'],
    ['a step that does not exist', 'approve?step=lunch', 'UNKNOWN_STEP'],
  ])('%s is refused', async (_, path, code) => {
    const { memory, digest } = waiting();
    const answer = await decide(serve(memory), path, { subject_digest: digest });
    expect(await problem(answer)).toEqual([400, code]);
  });

  test('a missing or ill-formed digest is refused', async () => {
    const { memory } = waiting();
    for (const body of [{}, { subject_digest: 'abc' }, { subject_digest: `sha256:${'A'.repeat(64)}` }]) {
      expect((await decide(serve(memory), 'approve?step=blueprint', body)).status).toBe(400);
    }
  });

  test('another digest is 409 and carries the new one', async () => {
    const { memory, digest } = waiting();
    const answer = await decide(serve(memory), 'approve?step=blueprint', { subject_digest: `sha256:${'0'.repeat(64)}` });
    expect([answer.status, await answer.json()]).toMatchObject([409, { code: 'STALE_SUBJECT', subject_digest: digest }]);
  });

  test('what waits is listed', async () => {
    const { memory, digest } = waiting();
    const { approvals } = ApprovalList.parse(await (await serve(memory).request('/approvals')).json());
    expect(approvals).toMatchObject([{ job_id: ID, step: 'blueprint', visit: 1, subject_digest: digest }]);
  });
});

describe('files', () => {
  test('the list has the digest of each file, from the log or from its bytes', async () => {
    const { memory, story } = waiting();
    story.file('outputs/late.txt', 'late');
    const { artifacts } = ArtifactList.parse(await (await serve(memory).request(`/jobs/${ID}/artifacts`)).json());
    expect(artifacts).toEqual([
      { path: 'outputs/blueprint.json', bytes: 11, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      { path: 'outputs/late.txt', bytes: 4, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
  });

  test.each([
    ['a.json', 'application/json', false, false],
    ['chart.svg', 'image/svg+xml', false, true],
    ['page.html', 'text/html; charset=utf-8', true, true],
    ['rows.jsonl', 'application/x-ndjson', true, false],
    ['weird.exe', 'application/octet-stream', true, false],
  ])('%s is served as %s', async (name, type, download, sandboxed) => {
    const { memory, story } = waiting();
    story.file(`outputs/${name}`, '<script>1</script>');
    const { headers } = await serve(memory).request(`/jobs/${ID}/artifacts/outputs/${name}`);
    expect(headers.get('content-type')).toBe(type);
    expect(headers.has('content-disposition')).toBe(download);
    expect(headers.get('content-security-policy')?.includes('sandbox')).toBe(sandboxed);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('no path leaves the job', async () => {
    const { memory } = waiting();
    new Story(memory, 'bbbbbbbbbbbb').submitted('other').file('secret.json', '{}');
    for (const path of [
      '../bbbbbbbbbbbb/secret.json',
      '..%2fbbbbbbbbbbbb%2fsecret.json',
      'x/../../bbbbbbbbbbbb/secret.json',
      '%2e%2e/bbbbbbbbbbbb/secret.json',
    ]) {
      expect((await serve(memory).request(`/jobs/${ID}/artifacts/${path}`)).status).toBe(404);
    }
  });
});

describe('stores and service', () => {
  test('bars are taken as CSV under an allowed id', async () => {
    const put = (id: string, type: string) =>
      serve().request(`/snapshots/${id}?symbol=SPX`, { method: 'PUT', body: 'date\n', headers: { 'content-type': type } });
    expect(await (await put('my-bars', 'text/csv')).json()).toMatchObject({ snapshot_id: 'my-bars', bytes: 5 });
    expect((await put('My Bars', 'text/csv')).status).toBe(400);
    expect((await put('my-bars', 'application/json')).status).toBe(400);
  });

  test('metrics are JSON, or Prometheus text for who asks for text', async () => {
    const { memory } = waiting();
    const app = serve(memory);
    expect(ServiceMetrics.parse(await (await app.request('/metrics')).json())).toMatchObject({
      stalled_count: 0,
      resume_success_rate: null,
      alerts: [],
      jobs: { WAITING_APPROVAL: 1 },
    });
    const text = await app.request('/metrics', { headers: { accept: 'text/plain' } });
    expect(await text.text()).toContain('holdpoint_jobs{status="WAITING_APPROVAL"} 1');
  });

  test('status says when the index cannot be reached', async () => {
    const { index } = memoryDeps(emptyMemory());
    const app = serve(emptyMemory(), { index: { ...index, list: async () => Promise.reject(new Error('down')) } });
    const answer = await app.request('/status');
    expect([answer.status, StatusView.parse(await answer.json()).index]).toEqual([503, 'unavailable']);
  });

  test.each([
    ['missing', 'ResourceNotFoundException'],
    ['outdated', 'ValidationException'],
  ])('status tells a table that is %s from one that cannot be reached', async (index, name) => {
    const { index: kept } = memoryDeps(emptyMemory());
    const list = async () => Promise.reject(Object.assign(new Error('no'), { name }));
    const answer = await serve(emptyMemory(), { index: { ...kept, list } }).request('/status');
    expect([answer.status, StatusView.parse(await answer.json()).index]).toEqual([503, index]);
  });

  test('a refusal from below keeps its code', async () => {
    const { commands } = memoryDeps(emptyMemory());
    const halted = { ...commands, submit: async () => Promise.reject(new Refusal('KILL_SWITCH', 'halted')) };
    expect((await serve(emptyMemory(), { commands: halted }).request('/jobs', json(SPEC))).status).toBe(503);
  });

  test('the document describes every JSON route that is served, and none that is not', async () => {
    const app = serve();
    const document = OpenApi.parse(await (await app.request('/openapi.json')).json());
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const telemetry = createTelemetryApp({
      ...{ callerOf: () => new Refusal('UNAUTHENTICATED', 'nobody'), queries: { query: unasked }, local: true, report: unasked },
      telemetry: { list: unasked, rows: unasked },
    });
    const served = [...app.routes, ...telemetry.routes]
      .filter(
        ({ path, method }) =>
          method !== 'ALL' &&
          !/^\/(ui|auth\/(?!config))/.test(path) &&
          !path.startsWith('/assets') &&
          path !== '/' &&
          path !== '/openapi.json',
      )
      .map(({ path, method }) => `${method} ${path.replace(/\/\*$/, '/{path}').replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(described.toSorted()).toEqual([...new Set(served)].toSorted());
    const names = JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g);
    for (const [, name] of names) expect(document.components.schemas).toHaveProperty(String(name));
  });
});
