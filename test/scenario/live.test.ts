import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { cpSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Question } from '../../infra/local/simulator/simulator.ts';
import { approve, call, driveToEnd, getJob, startTestCloud, submit, type TestCloud, until, untilSettled } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

let cloud: TestCloud;
// The test environment forbids live calls; this cloud may call the simulator on this machine.
const environment = {
  HOLDPOINT_LLM_DISABLE_NETWORK: undefined,
  HOLDPOINT_LLM_RETRIES: '0',
  HOLDPOINT_LLM_TIMEOUT_SECONDS: '2',
  HOLDPOINT_BUDGET_CALLS: '2',
  HOLDPOINT_FLAGS_MAX_AGE_MS: '0',
};

const UNSURE = 'Something about the market, I am not sure what.';
const QUESTION = { schema_version: 'agent_question_v1', question: 'Which holding period do you mean?' };

/** Asks back once where the idea is vague. */
const asking = ({ user }: Question): string | undefined =>
  user.some((text) => text.includes(UNSURE) && !text.includes('the_authors_answer')) ? JSON.stringify(QUESTION) : undefined;

beforeAll(async () => {
  cloud = await startTestCloud({ simulate: { answer: asking }, environment });
});
afterAll(() => cloud.remove());

let runs = 3000;
const idea = (mode: string, hypothesis?: string) => {
  const spec = sample('idea-trend', { run: runs++, llm: { mode } });
  return hypothesis === undefined ? spec : { ...spec, idea: { ...(spec['idea'] as object), hypothesis } };
};
const requests = () => cloud.simulator?.requests() ?? [];
const failing = () => cloud.simulator?.setFaults([{ kind: 'server_error', times: Number.POSITIVE_INFINITY }]);

/** Submits and confirms live calls. */
const confirmed = async (spec: unknown): Promise<string> => {
  const { job_id } = await submit(cloud.web, spec);
  await approve(cloud.web, job_id, 'llm_live_confirm');
  return job_id;
};

describe.each(['live', 'record'])('a job in mode %s', (mode) => {
  it('waits for confirmation before any request, shows the whole chain, and goes on after it', async () => {
    const before = requests().length;
    const job = await submit(cloud.web, idea(mode, `A ${mode} idea about trends.`));
    const held = await untilSettled(cloud.web, job.job_id);
    expect(held.job).toMatchObject({ status: 'WAITING_APPROVAL', step: 'llm_live_confirm', mode });
    expect(requests()).toHaveLength(before);
    const { body } = await call(cloud.web, `/jobs/${job.job_id}/artifacts/outputs/llm/ConfirmLive-1.live_confirm.json`);
    expect(body).toMatchObject({ mode, chain: [{ position: 1, provider: 'anthropic' }, { position: 2 }], estimate: { calls: 2 } });
    await approve(cloud.web, job.job_id, 'llm_live_confirm');
    const proposed = await untilSettled(cloud.web, job.job_id, 'blueprint');
    expect(requests().length).toBe(before + 1);
    expect(proposed.events.find((event) => event.event_type === 'BLUEPRINT_PROPOSED')?.outputs).toMatchObject({
      response_source: mode,
      degraded: false,
      provider: 'anthropic',
    });
  });
});

it('a replay opens no connection to anything but the local cloud', async () => {
  const before = requests().length;
  const own = [cloud.web, cloud.aws].map((url) => Number(new URL(url).port));
  const elsewhere: string[] = [];
  const watch = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    socket.once('connect', () => own.includes(socket.remotePort ?? 0) || elsewhere.push(`${socket.remoteAddress}:${socket.remotePort}`));
  };
  subscribe('net.client.socket', watch);
  const job = await submit(cloud.web, idea('replay'));
  expect((await driveToEnd(cloud.web, job.job_id)).job.outcome).toBe('succeeded');
  unsubscribe('net.client.socket', watch);
  expect(elsewhere).toEqual([]);
  expect(requests()).toHaveLength(before);
});

describe('an agent that asks', () => {
  it('waits for a person, goes on with the answer, and takes the same answer twice as one', async () => {
    const job_id = await confirmed(idea('live', UNSURE));
    const asked = await untilHuman(job_id);
    expect(asked.events.at(-1)).toMatchObject({ event_type: 'WAITING_HUMAN', step: 'intent', message: QUESTION.question });
    const answer = { step: 'intent', answer: 'About a quarter.' };
    const [first, second] = [
      await call(cloud.web, `/jobs/${job_id}/resume`, { body: answer }),
      await call(cloud.web, `/jobs/${job_id}/resume`, { body: answer }),
    ];
    expect(first).toMatchObject({ status: 200, body: { already_decided: false } });
    expect(second).toMatchObject({ status: 200, body: { already_decided: true } });
    const other = await call(cloud.web, `/jobs/${job_id}/resume`, { body: { ...answer, answer: 'A week.' } });
    expect(other).toMatchObject({ status: 409, body: { code: 'DECISION_CONFLICT' } });
    const { events } = await untilSettled(cloud.web, job_id, 'blueprint');
    expect(events.filter((event) => event.event_type === 'RESUMED')).toHaveLength(1);
    expect(requests().at(-1)?.body).toMatchObject({});
    expect(JSON.stringify(requests().at(-1)?.body)).toContain('About a quarter.');
  });
});

const untilHuman = async (jobId: string) => {
  for (;;) {
    const answer = await getJob(cloud.web, jobId);
    if (answer.job.status !== 'RUNNING') return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

describe('a budget that is used up', () => {
  it('asks for more, and goes on when a person raises it', async () => {
    const job_id = await confirmed(idea('live', 'A budget idea.'));
    const { job } = await untilSettled(cloud.web, job_id, 'blueprint');
    await call(cloud.web, `/jobs/${job_id}/revise?step=blueprint`, { body: { subject_digest: job.subject_digest, comment: 'slower' } });
    const second = await untilSettled(cloud.web, job_id, 'blueprint');
    await call(cloud.web, `/jobs/${job_id}/revise?step=blueprint`, {
      body: { subject_digest: second.job.subject_digest, comment: 'slower still' },
    });
    const over = await untilSettled(cloud.web, job_id, 'budget_escalation');
    expect(over.job.step).toBe('budget_escalation');
    await approve(cloud.web, job_id, 'budget_escalation');
    expect((await untilSettled(cloud.web, job_id, 'blueprint')).job.step).toBe('blueprint');
  });

  it('ends the job as stopped_budget when a person refuses', async () => {
    const job_id = await confirmed(idea('live', 'Another budget idea.'));
    for (const comment of ['slower', 'slower still']) {
      const { job } = await untilSettled(cloud.web, job_id, 'blueprint');
      await call(cloud.web, `/jobs/${job_id}/revise?step=blueprint`, { body: { subject_digest: job.subject_digest, comment } });
    }
    const { job } = await untilSettled(cloud.web, job_id, 'budget_escalation');
    await call(cloud.web, `/jobs/${job_id}/reject?step=budget_escalation`, { body: { subject_digest: job.subject_digest } });
    const end = await untilSettled(cloud.web, job_id);
    expect(end.job).toMatchObject({ status: 'DONE', outcome: 'stopped_budget' });
    expect(end.events.map((event) => event.event_type)).toContain('STOPPED_BUDGET');
  });
});

describe('a recorded answer', () => {
  /** Results of a job that no label, time or id of the recording is part of. */
  const RESULTS = [
    'outputs/agents/intent/1/blueprint.json',
    'outputs/compile/runspec.json',
    'outputs/run/result.json',
    'outputs/run/equity.csv',
    'outputs/gates/gate_report.json',
    'outputs/report/report.md',
  ];
  /** A replay says that it is one: that word alone may differ. */
  const unlabelled = (text: string) => text.replace(/\b(RECORD|REPLAY): answer of/, 'answer of');
  const resultsOf = (web: string, jobId: string) =>
    Promise.all(RESULTS.map(async (path) => unlabelled(await (await fetch(`${web}/jobs/${jobId}/artifacts/${path}`)).text())));

  it('replays in another folder, without keys or network, to byte-identical results', async () => {
    const hypothesis = 'An idea that is recorded here and replayed elsewhere.';
    const job_id = await confirmed(idea('record', hypothesis));
    const first = await driveToEnd(cloud.web, job_id);
    expect(['succeeded', 'gates_failed']).toContain(first.job.outcome);
    expect((await fetch(`${cloud.web}/jobs/${job_id}/artifacts/outputs/agents/intent/1/cassette.jsonl`)).status).toBe(200);

    const elsewhere = await startTestCloud();
    cpSync(join(cloud.dataDir, 's3/holdpoint-local-cassettes'), join(elsewhere.dataDir, 's3/holdpoint-local-cassettes'), {
      recursive: true,
    });
    await elsewhere.close();
    const replaying = await startTestCloud({ dataDir: elsewhere.dataDir });
    const replayed = await submit(replaying.web, idea('replay', hypothesis));
    const second = await driveToEnd(replaying.web, replayed.job_id);
    expect(second.job.outcome).toBe(first.job.outcome);
    expect(await resultsOf(replaying.web, replayed.job_id)).toEqual(await resultsOf(cloud.web, job_id));
    expect(second.events.find((event) => event.event_type === 'BLUEPRINT_PROPOSED')?.outputs).toMatchObject({
      response_source: 'replay',
      replay_reason: 'mode',
      degraded: false,
    });
    await replaying.remove();
  });

  it('misses when one character of the question changes, and the miss names what differs', async () => {
    const job_id = await confirmed(idea('record', 'An idea with one character more or less.'));
    await untilSettled(cloud.web, job_id, 'blueprint');
    const { job_id: changed } = await submit(cloud.web, idea('replay', 'An idea with one character more or less!'));
    const end = await untilSettled(cloud.web, changed);
    expect(end.job.outcome).toBe('stopped_llm_error');
    expect(end.events.at(-2)?.outputs['detail']).toContain('/messages/1/content differs');
  });
});

// Last: providers that failed are left alone for a while.
describe('when every provider fails', () => {
  it('a recorded answer stands in, labelled degraded everywhere, for 0 USD', async () => {
    failing();
    const job_id = await confirmed(idea('live'));
    const { events } = await untilSettled(cloud.web, job_id, 'blueprint');
    expect(events.find((event) => event.event_type === 'BLUEPRINT_PROPOSED')?.outputs).toMatchObject({
      response_source: 'replay',
      replay_reason: 'provider_error',
      degraded: true,
      recorded_at: expect.any(String),
    });
    expect((await getJob(cloud.web, job_id)).job.degraded).toBe(true);
  });

  it('and nothing was recorded, the job stops with the attempts as evidence', async () => {
    failing();
    const job_id = await confirmed(idea('live', 'An idea nobody recorded.'));
    const end = await untilSettled(cloud.web, job_id);
    expect(end.job).toMatchObject({ status: 'DONE', outcome: 'stopped_llm_error' });
    expect(end.events.at(-2)).toMatchObject({
      event_type: 'ERROR',
      message: 'STOPPED_LLM_ERROR',
      outputs: { reason: 'STOPPED_LLM_ERROR' },
    });
    expect((await call(cloud.web, `/jobs/${job_id}/artifacts/outputs/agents/intent/1/error_summary.json`)).status).toBe(200);
  });
});

describe('the flag llm_first', () => {
  const first = (value: number | null) => call(cloud.web, '/flags/llm_first', { method: 'PUT', body: { value }, user: 'ops' });
  const chainOf = async (jobId: string, hold: string): Promise<number[]> => {
    const { body } = await call(cloud.web, `/jobs/${jobId}/artifacts/outputs/llm/${hold}.live_confirm.json`);
    return (body as { chain: { position: number }[] }).chain.map(({ position }) => position);
  };
  // Providers answer again, whatever the cases before made of them.
  beforeAll(() => cloud.simulator?.setFaults([]));
  afterEach(() => first(null));

  it('puts a provider of the chain in front: what is confirmed so is called so', async () => {
    await first(2);
    const { job_id } = await submit(cloud.web, idea('live', 'Ask the second provider first.'));
    await untilSettled(cloud.web, job_id, 'llm_live_confirm');
    expect(await chainOf(job_id, 'ConfirmLive-1')).toEqual([2, 1]);
    await approve(cloud.web, job_id, 'llm_live_confirm');
    const { events } = await untilSettled(cloud.web, job_id, 'blueprint');
    const proposed = events.find(({ event_type }) => event_type === 'BLUEPRINT_PROPOSED');
    expect(proposed?.outputs, JSON.stringify(events.at(-1))).toMatchObject({ response_source: 'live', degraded: false });
    expect(requests().at(-1)?.protocol).not.toBe('anthropic');
  });

  it('asks again where the order was confirmed before it changed', async () => {
    const { job_id } = await submit(cloud.web, idea('live', 'The order changes meanwhile.'));
    await untilSettled(cloud.web, job_id, 'llm_live_confirm');
    await first(2);
    await approve(cloud.web, job_id, 'llm_live_confirm');
    const again = await until(
      () => getJob(cloud.web, job_id),
      ({ events }) => events.filter(({ event_type }) => event_type === 'WAITING_APPROVAL').length === 2,
    );
    expect(again.job).toMatchObject({ status: 'WAITING_APPROVAL', step: 'llm_live_confirm' });
    expect(await chainOf(job_id, 'ConfirmLive-2')).toEqual([2, 1]);
  });

  it('beyond the chain changes nothing', async () => {
    await first(9);
    const { job_id } = await submit(cloud.web, idea('live', 'There are only two.'));
    await untilSettled(cloud.web, job_id, 'llm_live_confirm');
    expect(await chainOf(job_id, 'ConfirmLive-1')).toEqual([1, 2]);
  });
});
