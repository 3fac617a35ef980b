import { execFile } from 'node:child_process';
import { DescribeExecutionCommand, GetExecutionHistoryCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { approve, call, driveToEnd, getJob, startTestCloud, submit, type TestCloud, until, untilSettled } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

let cloud: TestCloud;
let sfn: SFNClient;
const MACHINE = 'arn:aws:states:us-east-1:000000000000:stateMachine:holdpoint-local-job';
const executionArn = (name: string) => `arn:aws:states:us-east-1:000000000000:execution:holdpoint-local-job:${name}`;

beforeAll(async () => {
  cloud = await startTestCloud();
  sfn = new SFNClient({ region: 'us-east-1', endpoint: cloud.aws, credentials: { accessKeyId: 'ci', secretAccessKey: 'ci' } });
});
afterAll(async () => {
  sfn.destroy();
  await cloud.remove();
});

let runs = 1000;
/** The sample idea as a job of its own. */
const idea = (name = 'idea-trend') => sample(name, { run: runs++ });

const execution = (name: string) =>
  until(
    () => sfn.send(new DescribeExecutionCommand({ executionArn: executionArn(name) })),
    ({ status }) => status !== 'RUNNING',
  );

const errorOf = async (name: string): Promise<{ error: string | undefined; message: string }> => {
  const { error, cause = '{}' } = await execution(name);
  return { error, message: cause };
};

const eventTypes = (answer: { events: { event_type: string }[] }): string[] => answer.events.map((event) => event.event_type);

describe('the reference job', () => {
  it('goes from an idea through two approvals to a registry card', async () => {
    const job = await submit(cloud.web, idea());
    const end = await driveToEnd(cloud.web, job.job_id);
    expect(end.job).toMatchObject({ status: 'DONE', outcome: 'succeeded', mode: 'replay', degraded: false });
    expect(eventTypes(end)).toEqual([
      'IDEA_SUBMITTED',
      'APPROVED',
      'BLUEPRINT_PROPOSED',
      'WAITING_APPROVAL',
      'APPROVED',
      'RUNSPEC_COMPILED',
      'WAITING_APPROVAL',
      'APPROVED',
      'RUN_COMPLETED',
      'GATES_COMPLETED',
      'REGISTRY_UPDATED',
      'REPORT_COMPLETED',
      'DONE',
    ]);
    expect(end.events[1]).toMatchObject({
      step: 'llm_live_confirm',
      actor: { type: 'system' },
      outputs: { auto: true, reason: expect.stringContaining('replay') },
    });
    const { body } = await call(cloud.web, `/jobs/${job.job_id}/artifacts`);
    const paths = (body as { artifacts: { path: string }[] }).artifacts.map(({ path }) => path);
    for (const path of [
      'job_spec.json',
      'outputs/compile/runspec.json',
      'outputs/run/equity.svg',
      'outputs/run/drawdown.svg',
      'outputs/registry/card.json',
      'outputs/report/report.md',
      'outputs/agents/intent/1/output_guard_report.json',
      'outputs/llm/llm_usage_report.json',
    ]) {
      expect(paths).toContain(path);
    }
    expect((await execution(`job-${job.job_id}-1`)).status).toBe('SUCCEEDED');
    expect((await call(cloud.web, `/jobs/${job.job_id}/verify`)).body).toMatchObject({ ok: true, problems: [] });
  });

  it('ends gates_failed with the trial recorded and no card when a gate fails', async () => {
    const job = await submit(cloud.web, idea('idea-reversal'));
    const end = await driveToEnd(cloud.web, job.job_id);
    expect(end.job).toMatchObject({ status: 'DONE', outcome: 'gates_failed' });
    expect((await call(cloud.web, `/jobs/${job.job_id}/artifacts/outputs/registry/trial.json`)).status).toBe(200);
    expect((await call(cloud.web, `/jobs/${job.job_id}/artifacts/outputs/registry/card.json`)).status).toBe(404);
    expect(await execution(`job-${job.job_id}-1`)).toMatchObject({ status: 'FAILED', error: 'gates_failed' });
  });

  it('stops a guarded model output before any later stage, and uses it only after an override in the log', async () => {
    const job = await submit(cloud.web, idea('idea-guarded'));
    const stopped = await untilSettled(cloud.web, job.job_id, 'agent_output_invalid');
    expect(eventTypes(stopped)).not.toContain('BLUEPRINT_PROPOSED');
    const { body } = await call(cloud.web, `/jobs/${job.job_id}/artifacts/outputs/agents/intent/1/output_guard_report.json`);
    expect(body).toMatchObject({ guard_status: 'failed', passed: false });
    await approve(cloud.web, job.job_id, 'agent_output_invalid');
    const after = await untilSettled(cloud.web, job.job_id, 'blueprint');
    expect(after.events.find((event) => event.event_type === 'APPROVED' && event.step === 'agent_output_invalid')?.outputs).toMatchObject({
      override: true,
    });
    expect(after.events.find((event) => event.event_type === 'BLUEPRINT_PROPOSED')?.outputs).toMatchObject({ override: true });
  });

  it('starts a hand-written blueprint without the agent, and still asks for the runspec', async () => {
    const job = await submit(cloud.web, idea('blueprint-breakout'));
    const held = await untilSettled(cloud.web, job.job_id);
    expect(held.job.step).toBe('runspec');
    expect(eventTypes(held)).toEqual(['BLUEPRINT_SUBMITTED', 'RUNSPEC_COMPILED', 'WAITING_APPROVAL']);
    const end = await driveToEnd(cloud.web, job.job_id);
    expect(end.job.status).toBe('DONE');
    expect(['succeeded', 'gates_failed']).toContain(end.job.outcome);
  });

  it('ends rejected with the reason in its timeline', async () => {
    const job = await submit(cloud.web, idea());
    const { job: held } = await untilSettled(cloud.web, job.job_id, 'blueprint');
    await call(cloud.web, `/jobs/${job.job_id}/reject?step=blueprint`, {
      body: { subject_digest: held.subject_digest, comment: 'too simple' },
    });
    const end = await untilSettled(cloud.web, job.job_id);
    expect(end.job).toMatchObject({ status: 'DONE', outcome: 'rejected' });
    expect(end.events.find((event) => event.event_type === 'REJECTED')).toMatchObject({ message: 'too simple', step: 'blueprint' });
    expect(await errorOf(`job-${job.job_id}-1`)).toMatchObject({ error: 'rejected' });
  });

  it('goes back from the runspec to the blueprint, as a new visit', async () => {
    const job = await submit(cloud.web, idea());
    await approve(cloud.web, job.job_id, 'blueprint');
    const { job: held } = await untilSettled(cloud.web, job.job_id, 'runspec');
    await call(cloud.web, `/jobs/${job.job_id}/revise?step=runspec`, {
      body: { subject_digest: held.subject_digest, comment: 'look again' },
    });
    await untilSettled(cloud.web, job.job_id, 'blueprint');
    const end = await driveToEnd(cloud.web, job.job_id);
    expect(end.job.outcome).toBe('succeeded');
    const visits = end.events
      .filter((event) => event.event_type === 'WAITING_APPROVAL')
      .map((event) => [event.step, event.outputs['visit']]);
    expect(visits).toEqual([
      ['blueprint', 1],
      ['runspec', 1],
      ['blueprint', 2],
      ['runspec', 2],
    ]);
  });

  it('stops with evidence when an answer was never recorded, and says how to record one', async () => {
    const spec = idea();
    const job = await submit(cloud.web, { ...spec, idea: { ...(spec['idea'] as object), hypothesis: 'Nobody has asked this before.' } });
    const end = await untilSettled(cloud.web, job.job_id);
    expect(end.job).toMatchObject({ status: 'DONE', outcome: 'stopped_llm_error' });
    const error = end.events.find((event) => event.event_type === 'ERROR');
    expect(error).toMatchObject({
      message: 'STOPPED_LLM_ERROR',
      outputs: { reason: 'STOPPED_LLM_ERROR', detail: expect.stringContaining('--simulate-llm') },
    });
    expect((await call(cloud.web, `/jobs/${job.job_id}/artifacts/outputs/agents/intent/1/error_summary.json`)).status).toBe(200);
  });

  it('can be cancelled while it waits, and stays cancelled', async () => {
    const job = await submit(cloud.web, idea());
    const { job: held } = await untilSettled(cloud.web, job.job_id, 'blueprint');
    await call(cloud.web, `/jobs/${job.job_id}/cancel`, { body: { reason: 'not needed' } });
    const end = await getJob(cloud.web, job.job_id);
    expect(end.job).toMatchObject({ status: 'DONE', outcome: 'cancelled' });
    expect(eventTypes(end).slice(-2)).toEqual(['CANCELLED', 'DONE']);
    const late = await call(cloud.web, `/jobs/${job.job_id}/approve?step=blueprint`, { body: { subject_digest: held.subject_digest } });
    expect(late).toMatchObject({ status: 409, body: { code: 'NOT_WAITING' } });
    expect((await execution(`job-${job.job_id}-1`)).status).toBe('ABORTED');
  });
});

describe('submitting', () => {
  it('the same spec twice, or 16 times at once, is one job', async () => {
    const spec = idea();
    const answers = await Promise.all(Array.from({ length: 16 }, () => call(cloud.web, '/jobs', { body: spec })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(15);
    expect(new Set(answers.map(({ body }) => (body as { job_id: string }).job_id)).size).toBe(1);
  });

  it('through start-execution starts the same job, and a second execution of it fails as DuplicateJob naming it', async () => {
    const spec = idea();
    const list = async () =>
      ((await call(cloud.web, '/jobs?limit=200')).body as { jobs: { job_id: string }[] }).jobs.map((one) => one.job_id);
    const known = await list();
    await sfn.send(new StartExecutionCommand({ stateMachineArn: `${MACHINE}:live`, name: `ci-${runs}`, input: JSON.stringify(spec) }));
    const opened = await until(list, (ids) => ids.length > known.length);
    const job = await submit(cloud.web, spec);
    expect(opened).toContain(job.job_id);
    const before = await untilSettled(cloud.web, job.job_id);
    expect(before.events[0]?.actor).toEqual({ type: 'user', id: 'ci', identity: 'ci' });
    await sfn.send(new StartExecutionCommand({ stateMachineArn: MACHINE, name: `again-${runs}`, input: JSON.stringify(spec) }));
    const { error, message } = await errorOf(`again-${runs}`);
    expect(error).toBe('DuplicateJob');
    expect(message).toContain(job.job_id);
    expect(message).toContain(`ci-${runs}`);
    expect((await getJob(cloud.web, job.job_id)).events).toEqual(before.events);
  });

  it('a malformed spec to the machine fails with a clear cause and creates nothing', async () => {
    const jobsBefore = await call(cloud.web, '/jobs?limit=100');
    await sfn.send(new StartExecutionCommand({ stateMachineArn: MACHINE, name: 'bad', input: JSON.stringify({ ...idea(), surprise: 1 }) }));
    expect(await errorOf('bad')).toMatchObject({ error: 'InvalidInput', message: expect.stringContaining('surprise') });
    expect((await call(cloud.web, '/jobs?limit=100')).body).toEqual(jobsBefore.body);
  });

  it.each([
    ['an unknown field', { surprise: true }, 'surprise'],
    ['another version', { schema_version: 'job_spec_v2' }, 'schema_version'],
    ['a path as snapshot', { snapshot_id: '../../etc/passwd' }, 'snapshot_id'],
    ['an unknown snapshot', { snapshot_id: 'nothere' }, 'nothere'],
    ['an unknown policy bundle', { policy_bundle: 'lenient_v9' }, 'lenient_v9'],
    ['an empty title', { title: '' }, 'title'],
    ['a negative run', { run: -1 }, 'run'],
    ['an unknown kind', { kind: 'wish' }, 'kind'],
  ])('%s is refused, naming it, and creates nothing', async (_, change, named) => {
    const before = await call(cloud.web, '/jobs?limit=100');
    const answer = await call(cloud.web, '/jobs', { body: { ...idea(), ...change } });
    expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT', detail: expect.stringContaining(named) } });
    expect((await call(cloud.web, '/jobs?limit=100')).body).toEqual(before.body);
  });

  it('a 300 KB spec is refused as too large', async () => {
    const answer = await call(cloud.web, '/jobs', { body: { ...idea(), title: 'x'.repeat(300 * 1024) } });
    expect(answer).toMatchObject({ status: 413, body: { code: 'PAYLOAD_TOO_LARGE' } });
  });

  it('text that is not JSON is refused', async () => {
    expect(await call(cloud.web, '/jobs', { body: '{"schema' })).toMatchObject({ status: 400 });
  });
});

describe('deciding', () => {
  it('32 times at once from page, HTTP and CLI leaves one APPROVED event, and every caller learns the outcome', async () => {
    const job = await submit(cloud.web, idea());
    const { job: held } = await untilSettled(cloud.web, job.job_id, 'blueprint');
    const digest = held.subject_digest ?? '';
    const byHttp = async (user: string) => {
      const { status, body } = await call(cloud.web, `/jobs/${job.job_id}/approve?step=blueprint`, {
        user,
        body: { subject_digest: digest },
      });
      return { told: status === 200, first: !(body as { already_decided: boolean }).already_decided };
    };
    const byPage = async (user: string) => {
      const form = new URLSearchParams({ step: 'blueprint', subject_digest: digest, choice: 'approve', comment: '' });
      const headers = { origin: cloud.web, 'sec-fetch-site': 'same-origin', 'x-holdpoint-user': user };
      const response = await fetch(`${cloud.web}/ui/jobs/${job.job_id}/decide`, { method: 'POST', headers, body: form });
      return { told: response.ok && (await response.text()).includes('pproved'), first: null };
    };
    const byCli = (user: string) =>
      new Promise<{ told: boolean; first: boolean }>((resolve) => {
        const args = [
          'cli/holdpoint.mjs',
          'approve',
          job.job_id,
          '--step',
          'blueprint',
          '--digest',
          digest,
          '--as',
          user,
          '--endpoint',
          cloud.web,
          '--json',
        ];
        execFile(process.execPath, args, (error, stdout) =>
          resolve({ told: error === null, first: stdout.includes('"already_decided":false') }),
        );
      });
    const callers = Array.from({ length: 32 }, (_, i) => (i % 8 === 7 ? byCli : i % 2 === 0 ? byHttp : byPage)(`approver-${i}`));
    const answers = await Promise.all(callers);
    expect(answers.every(({ told }) => told)).toBe(true);
    expect(answers.filter(({ first }) => first === true).length).toBeLessThanOrEqual(1);
    const { events } = await untilSettled(cloud.web, job.job_id, 'runspec');
    expect(events.filter((event) => event.event_type === 'APPROVED' && event.step === 'blueprint')).toHaveLength(1);
  });

  it('on stale evidence, an unknown step or too early is refused and changes nothing', async () => {
    const job = await submit(cloud.web, idea());
    const { job: held, events } = await untilSettled(cloud.web, job.job_id, 'blueprint');
    const stale = { subject_digest: `sha256:${'0'.repeat(64)}` };
    expect(await call(cloud.web, `/jobs/${job.job_id}/approve?step=blueprint`, { body: stale })).toMatchObject({
      status: 409,
      body: { code: 'STALE_SUBJECT', subject_digest: held.subject_digest },
    });
    const fresh = { subject_digest: held.subject_digest };
    expect(await call(cloud.web, `/jobs/${job.job_id}/approve?step=nonsense`, { body: fresh })).toMatchObject({
      status: 400,
      body: { code: 'UNKNOWN_STEP' },
    });
    expect(await call(cloud.web, `/jobs/${job.job_id}/approve?step=runspec`, { body: fresh })).toMatchObject({
      status: 409,
      body: { code: 'NOT_WAITING' },
    });
    expect(await call(cloud.web, `/jobs/${job.job_id}/approve?step=blueprint`, { body: {} })).toMatchObject({ status: 400 });
    expect((await getJob(cloud.web, job.job_id)).events).toEqual(events);
  });
});

describe('the execution history', () => {
  it('answers as AWS does, and without execution data carries no task token', async () => {
    const job = await submit(cloud.web, idea());
    await untilSettled(cloud.web, job.job_id, 'blueprint');
    const command = new GetExecutionHistoryCommand({ executionArn: executionArn(`job-${job.job_id}-1`), includeExecutionData: false });
    const { events = [] } = await until(
      () => sfn.send(command),
      (history) => history.events?.at(-1)?.type === 'TaskSubmitted',
    );
    expect(events[0]).toMatchObject({ id: 1, type: 'ExecutionStarted' });
    expect(JSON.stringify(events)).not.toContain('task_token');
    const withData = await sfn.send(new GetExecutionHistoryCommand({ executionArn: executionArn(`job-${job.job_id}-1`) }));
    expect(JSON.stringify(withData.events)).toContain('task_token');
  });
});
