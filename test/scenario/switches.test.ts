import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cli } from '../../cli/testing/world.ts';
import { EventList, FlagList, FlagView } from '../../contracts/http.ts';
import { verifyChain } from '../../functions/lib/event.ts';
import type { Question } from '../../infra/local/simulator/simulator.ts';
import { approve, call, driveToEnd, getJob, startTestCloud, submit, type TestCloud, until, untilSettled } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

let cloud: TestCloud;
const MACHINE = 'arn:aws:states:us-east-1:000000000000:stateMachine:holdpoint-local-job:live';
const NONSENSE = 'An idea that the model answers with nonsense.';
/** What the doctor says; null: what its schema asks for. */
let doctor: string | null = null;

const answering = ({ user }: Question): string | undefined => {
  const asked = user.join('\n');
  if (asked.startsWith('Explain this failure.')) return doctor ?? undefined;
  return asked.includes(NONSENSE) ? 'nonsense' : undefined;
};

beforeAll(async () => {
  cloud = await startTestCloud({
    simulate: { answer: answering },
    environment: { HOLDPOINT_LLM_DISABLE_NETWORK: undefined, HOLDPOINT_FLAGS_MAX_AGE_MS: '50', HOLDPOINT_LLM_RETRIES: '0' },
  });
});
afterAll(() => cloud.remove());

const post = (path: string, body: unknown, user = 'ops') => call(cloud.web, path, { body, user });
const setFlag = (name: string, value: unknown, more: object = {}) =>
  call(cloud.web, `/flags/${name}`, { method: 'PUT', body: { value, ...more }, user: 'ops' });
afterEach(async () => {
  await post('/kill/release', {});
  for (const { name, default: fallback } of FlagList.parse((await call(cloud.web, '/flags')).body).flags) await setFlag(name, fallback);
});

let runs = 5000;
const idea = (name = 'idea-trend', mode = 'replay') => sample(name, { run: runs++, llm: { mode } });
const requests = () => cloud.simulator?.requests().length ?? 0;
const flag = async (name: string) => FlagList.parse((await call(cloud.web, '/flags')).body).flags.find((one) => one.name === name);
const audit = async () => EventList.parse((await call(cloud.web, '/audit/events?limit=200')).body).events;
const artifacts = async (jobId: string): Promise<string[]> => {
  const { body } = await call(cloud.web, `/jobs/${jobId}/artifacts`);
  return (body as { artifacts: { path: string }[] }).artifacts.map(({ path }) => path);
};
const live = async (): Promise<string> => {
  const { job_id } = await submit(cloud.web, idea('idea-trend', 'live'));
  await untilSettled(cloud.web, job_id, 'llm_live_confirm');
  return job_id;
};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('flags', () => {
  it('are all off at first, and say what they are for and whose they are', async () => {
    const { flags, kill } = FlagList.parse((await call(cloud.web, '/flags')).body);
    expect(flags.filter(({ value }) => value === true)).toEqual([]);
    expect(flags.every(({ meaning, owner, changed_by }) => meaning !== '' && owner !== undefined && changed_by === null)).toBe(true);
    expect(kill).toMatchObject({ halted: false, level: 'none' });
  });

  it('are set on record with who and why, old value and new', async () => {
    const { status, body } = await setFlag('telemetry', true, { reason: 'stage 1 begins' });
    expect([status, FlagView.parse(body)]).toMatchObject([
      200,
      { name: 'telemetry', value: true, changed_by: 'ops', reason: 'stage 1 begins' },
    ]);
    const events = await audit();
    expect(events.at(-1)).toMatchObject({
      event_type: 'FLAG_CHANGED',
      actor: { id: 'ops', identity: 'local' },
      message: 'stage 1 begins',
      outputs: { flag: 'telemetry', from: false, to: true },
    });
    expect(verifyChain(events).problems).toEqual([]);
  });

  it.each([
    ['no_such_flag', { value: true }, /there is no flag/],
    ['telemetry', { value: 'yes' }, /telemetry cannot be "yes"/],
    ['telemetry', {}, /value/],
  ])('%s with %j answers 400 and why', async (name, body, why) => {
    const before = (await audit()).length;
    const refused = await call(cloud.web, `/flags/${name}`, { method: 'PUT', body });
    expect(refused).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT', detail: expect.stringMatching(why) } });
    expect((await audit()).length).toBe(before);
  });

  it('llm_mode=replay holds for a job that was confirmed as live: no provider hears of it', async () => {
    const jobId = await live();
    await setFlag('llm_mode', 'replay');
    await pause(60);
    const before = requests();
    await approve(cloud.web, jobId, 'llm_live_confirm');
    const { events } = await untilSettled(cloud.web, jobId, 'blueprint');
    expect(requests()).toBe(before);
    expect(events.find((event) => event.event_type === 'BLUEPRINT_PROPOSED')?.outputs).toMatchObject({
      response_source: 'replay',
      replay_reason: 'mode',
    });
    const later = await submit(cloud.web, idea('idea-trend', 'live'));
    expect(later.mode).toBe('replay');
  });

  it('agent_intent_enabled=false leaves the other agents as they are', async () => {
    await setFlag('agent_intent_enabled', false);
    await pause(60);
    const before = requests();
    const end = await driveToEnd(cloud.web, await live());
    const sources = ['BLUEPRINT_PROPOSED', 'REPORT_COMPLETED'].map(
      (type) => end.events.find((event) => event.event_type === type)?.outputs['response_source'],
    );
    expect([sources, requests() - before]).toEqual([['replay', 'live'], 1]);
  });
});

describe('what agents see', () => {
  it('by default nothing of another job, and no context is built', async () => {
    const { job_id } = await driveToEnd(cloud.web, (await submit(cloud.web, idea())).job_id).then(({ job }) => job);
    expect((await artifacts(job_id)).filter((path) => path.includes('context_pack'))).toEqual([]);
  });

  it('with history_pack and intention_context: trials of other jobs, kept as evidence, without a word of their holdout', async () => {
    await driveToEnd(cloud.web, (await submit(cloud.web, idea('idea-reversal'))).job_id);
    await setFlag('history_pack', true);
    await setFlag('intention_context', true);
    await pause(60);
    const jobId = await live();
    await approve(cloud.web, jobId, 'llm_live_confirm');
    await untilSettled(cloud.web, jobId, 'blueprint');
    const { body } = await call(cloud.web, `/jobs/${jobId}/artifacts/outputs/agents/intent/1/context_pack.json`);
    expect(body).toMatchObject({ schema_version: 'context_pack_v1', intention_context_injected: true, artifact_substitutions: [] });
    const { pieces, history } = body as { pieces: { text: string }[]; history: { phases: number; tiers: number } };
    expect(history.phases).toBeGreaterThan(0);
    expect(JSON.stringify(pieces)).toMatch(/Sharpe ratio/);
    expect(JSON.stringify(pieces)).not.toMatch(/holdout/i);
    expect(JSON.stringify(cloud.simulator?.requests().at(-1)?.body)).toContain('Summaries of earlier phases');
  });
});

describe('kill --to', () => {
  it('switches features off without stopping jobs, refuses to set them meanwhile, and gives them back on release', async () => {
    await setFlag('extended_contexts', true);
    expect(await post('/kill', { to: 'stage2', reason: 'too much memory' })).toMatchObject({
      status: 200,
      body: { kill: { level: 'stage2' } },
    });
    expect(await flag('extended_contexts')).toMatchObject({ value: false, set_to: true, held_by_kill_switch: true });
    expect(await setFlag('extended_contexts', true)).toMatchObject({ status: 503, body: { code: 'KILL_SWITCH' } });
    expect((await driveToEnd(cloud.web, (await submit(cloud.web, idea())).job_id)).job.outcome).toBe('succeeded');
    expect(await post('/kill', { to: 'off' })).toMatchObject({ status: 200 });
    expect(await post('/kill', { to: 'stage1' })).toMatchObject({ status: 409, body: { code: 'DECISION_CONFLICT' } });
    await post('/kill/release', { reason: 'fixed' });
    expect(await flag('extended_contexts')).toMatchObject({ value: true, held_by_kill_switch: false });
  });

  it.each([{}, { to: 'stage3' }, { halt: false }, { to: 'off', halt: true }])('%j is no target', async (body) => {
    expect(await post('/kill', body)).toMatchObject({
      status: 400,
      body: { code: 'INVALID_INPUT', detail: expect.stringMatching(/target/) },
    });
  });
});

describe('kill --halt', () => {
  it('refuses new jobs with 503 and exit code 69, also those started by CI; the release takes them again', async () => {
    expect((await cli(['kill', '--halt', '--reason', 'incident 7', '--as', 'ops', '--endpoint', cloud.web])).exit).toBe(0);
    const spec = idea();
    expect(await call(cloud.web, '/jobs', { body: spec })).toMatchObject({
      status: 503,
      body: { code: 'KILL_SWITCH', detail: expect.stringMatching(/ops halted everything .*: incident 7/) },
    });
    const file = 'docs/examples/idea-trend.json';
    const refused = await cli(['submit', file, '--json', '--endpoint', cloud.web]);
    expect([refused.exit, JSON.parse(refused.stdout)]).toMatchObject([69, { error: { code: 'KILL_SWITCH' } }]);
    const page = await (await fetch(`${cloud.web}/ui/jobs`)).text();
    expect(page).toMatch(/Halted by the kill switch[\s\S]*ops[\s\S]*incident 7/);

    const sfn = new SFNClient({ region: 'us-east-1', endpoint: cloud.aws, credentials: { accessKeyId: 'ci', secretAccessKey: 'ci' } });
    await sfn.send(new StartExecutionCommand({ stateMachineArn: MACHINE, name: 'ci-halted', input: JSON.stringify(spec) }));
    const executionArn = MACHINE.replace('stateMachine', 'execution').replace(':live', ':ci-halted');
    const ended = await until(
      () => sfn.send(new DescribeExecutionCommand({ executionArn })),
      ({ status }) => status !== 'RUNNING',
    );
    sfn.destroy();
    expect(ended).toMatchObject({ status: 'FAILED', error: 'KILL_SWITCH', cause: expect.stringContaining('incident 7') });

    expect((await cli(['kill', '--release', '--reason', 'over', '--as', 'ops', '--endpoint', cloud.web])).exit).toBe(0);
    expect((await call(cloud.web, '/jobs', { body: spec })).status).toBe(201);
    expect(await (await fetch(`${cloud.web}/ui/jobs`)).text()).not.toContain('Halted by the kill switch');
    const shown = await cli(['timeline', '--audit', '--endpoint', cloud.web]);
    expect(shown.stdout).toMatch(/KILL_SWITCH_SET .*ops.*running, level none → halted, level none \(incident 7\)/);
    expect(shown.stdout).toMatch(/KILL_SWITCH_RELEASED .*ops.*\(over\)/);
  });

  it('stops model calls of jobs that run: they wait, lose nothing, and go on after the release', async () => {
    const jobId = await live();
    await post('/kill', { halt: true });
    await pause(60);
    const before = requests();
    await approve(cloud.web, jobId, 'llm_live_confirm');
    await pause(1500);
    expect(requests()).toBe(before);
    expect((await getJob(cloud.web, jobId)).job).toMatchObject({ status: 'RUNNING', outcome: null });
    await post('/kill/release', {});
    const { events } = await untilSettled(cloud.web, jobId, 'blueprint');
    expect(requests()).toBe(before + 1);
    expect(events.map(({ event_type }) => event_type)).not.toContain('ERROR');
  }, 90_000);

  it('stops what is written outside of jobs: the registry gets its trial after the release', async () => {
    const { job_id } = await submit(cloud.web, idea());
    await approve(cloud.web, job_id, 'blueprint');
    await untilSettled(cloud.web, job_id, 'runspec');
    await post('/kill', { halt: true });
    await pause(60);
    await approve(cloud.web, job_id, 'runspec');
    await until(
      () => getJob(cloud.web, job_id),
      ({ events }) => events.some(({ event_type }) => event_type === 'GATES_COMPLETED'),
    );
    await pause(800);
    expect((await artifacts(job_id)).filter((path) => path.includes('registry'))).toEqual([]);
    expect((await getJob(cloud.web, job_id)).job.status).toBe('RUNNING');
    await post('/kill/release', {});
    expect((await driveToEnd(cloud.web, job_id)).job.outcome).toBe('succeeded');
  }, 90_000);
});

describe('a failure', () => {
  it('of a known pattern is explained beside the job without asking anybody', async () => {
    await setFlag('doctor_enabled', true);
    await pause(60);
    const before = requests();
    const spec = idea();
    const { job_id } = await submit(cloud.web, { ...spec, idea: { ...(spec['idea'] as object), hypothesis: 'Nobody recorded this.' } });
    const end = await driveToEnd(cloud.web, job_id);
    expect(end.job.outcome).toBe('stopped_llm_error');
    expect((await call(cloud.web, `/jobs/${job_id}/artifacts/outputs/doctor/failure_note.json`)).body).toMatchObject({
      schema_version: 'failure_note_v1',
      source: 'hardening',
      pattern: 'cassette_miss',
      doctor_call_skipped: true,
    });
    expect((await call(cloud.web, `/jobs/${job_id}/artifacts/outputs/doctor/phase6_metrics.json`)).body).toMatchObject({
      phase_id: 'Intent:1',
      failure_hardening_triggered: true,
      doctor_call_skipped: true,
    });
    expect(requests()).toBe(before);
  });

  describe('of no known pattern', () => {
    /** The guard stops the answer; a person uses it although it is no blueprint. */
    const fail = async (): Promise<string> => {
      const spec = idea('idea-trend', 'live');
      const { job_id } = await submit(cloud.web, { ...spec, idea: { ...(spec['idea'] as object), hypothesis: NONSENSE } });
      await approve(cloud.web, job_id, 'llm_live_confirm');
      await approve(cloud.web, job_id, 'agent_output_invalid');
      return job_id;
    };

    it.each([
      ['explains', null, 'doctor'],
      ['lies about the outcome', '{"schema_version":"doctor_note_v1","outcome":"succeeded"}', 'none'],
    ])('ends the same when the doctor %s', async (_, says, source) => {
      doctor = says;
      await setFlag('doctor_enabled', true);
      await pause(60);
      const jobId = await fail();
      const end = await untilSettled(cloud.web, jobId);
      expect(end.job).toMatchObject({ status: 'DONE', outcome: 'error' });
      expect(end.events.slice(-2)).toMatchObject([
        { event_type: 'ERROR', outputs: { reason: 'CompileRefused', calls: [{ role: 'doctor', is_doctor_call: true }] } },
        { event_type: 'DONE', outputs: { status: 'error', reason: 'CompileRefused' } },
      ]);
      expect((await call(cloud.web, `/jobs/${jobId}/artifacts/outputs/doctor/failure_note.json`)).body).toMatchObject({ source });
      const report = (await call(cloud.web, `/jobs/${jobId}/artifacts/outputs/llm/llm_usage_report.json`)).body;
      expect(report).toMatchObject({ by_agent: { doctor: { calls: 1 } } });
    });

    it('ends the same while the doctor is off, and nobody is asked', async () => {
      const jobId = await fail();
      expect((await untilSettled(cloud.web, jobId)).job).toMatchObject({ status: 'DONE', outcome: 'error' });
      expect(JSON.stringify(cloud.simulator?.requests().at(-1)?.body)).not.toContain('Explain this failure');
    });
  });
});
