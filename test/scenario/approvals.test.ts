import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnv } from '../../adapters/env.ts';
import { TELLS } from '../../adapters/notify/parts.ts';
import { createWorld, type World } from '../../adapters/world.ts';
import type { ApprovalPolicy, StepPolicy } from '../../contracts/approval-policy.ts';
import { LOCAL_POLICY } from '../../contracts/approval-policy.ts';
import type { Commands } from '../../contracts/commands.ts';
import type { Actor, JobEvent } from '../../contracts/events.ts';
import { capabilityOf } from '../../functions/lib/capability.ts';
import { verifyChain } from '../../functions/lib/event.ts';
import { createCommands } from '../../functions/stage/commands.ts';
import { redrive } from '../../functions/stage/reconcile/executions.ts';
import { functionVariables } from '../../infra/local/settings.ts';
import type { Handle } from '../../infra/local/wire.ts';
import {
  approve,
  call,
  driveToEnd,
  getJob,
  type JobAnswer,
  startTestCloud,
  submit,
  type TestCloud,
  until,
  untilSettled,
} from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

const person = (id: string, identity: Actor['identity'] = 'local'): Actor => ({ type: 'user', id, identity });
const BLUEPRINT: Partial<StepPolicy> = {
  approvers: ['ann', 'bob', 'carol'],
  quorum: 2,
  self_approval: false,
  proven_by: ['local', 'link'],
};
const policy = (blueprint: Partial<StepPolicy>): ApprovalPolicy => ({ ...LOCAL_POLICY, steps: { blueprint } });

let runs = 5000;
const idea = () => sample('idea-trend', { run: runs++ });

type Fixture = { cloud: TestCloud; world: World; commands: Commands };
const start = async (rules: ApprovalPolicy): Promise<Fixture> => {
  const environment = { HOLDPOINT_APPROVAL_POLICY: JSON.stringify(rules) };
  const cloud = await startTestCloud({ environment });
  const world = createWorld(readEnv(functionVariables(cloud.dataDir, cloud, environment)('web')), TELLS);
  return { cloud, world, commands: createCommands(world) };
};

const held = async ({ cloud }: Fixture): Promise<JobAnswer> => {
  const { job_id } = await submit(cloud.web, idea());
  return untilSettled(cloud.web, job_id, 'blueprint');
};

const decision = (answer: JobAnswer, by: Actor, choice: 'approve' | 'reject' = 'approve') => ({
  step: 'blueprint',
  choice,
  subject_digest: answer.job.subject_digest ?? '',
  comment: null,
  actor: by,
  channel: 'http' as const,
});

const outcomes = (events: JobEvent[]) =>
  events.filter((event) => event.step === 'blueprint' && ['APPROVED', 'REJECTED'].includes(event.event_type));
const types = (events: JobEvent[]) => events.map((event) => event.event_type);

describe('a quorum of two among three named approvers', () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await start(policy(BLUEPRINT));
  });
  afterAll(() => fixture.cloud.remove());

  it('counts each approver once, and approves with the second', async () => {
    const answer = await held(fixture);
    const { commands } = fixture;
    const first = await commands.decide(answer.job.job_id, decision(answer, person('ann')));
    const again = await commands.decide(answer.job.job_id, decision(answer, person('ann')));
    expect([first.decision.event_type, first.already_decided, again.decision.event_type, again.already_decided]).toEqual([
      'APPROVAL_VOTED',
      false,
      'APPROVAL_VOTED',
      true,
    ]);
    expect((await getJob(fixture.cloud.web, answer.job.job_id)).job.status).toBe('WAITING_APPROVAL');
    const second = await commands.decide(answer.job.job_id, decision(answer, person('bob')));
    expect(second.decision.event_type).toBe('APPROVED');
    const { events } = await untilSettled(fixture.cloud.web, answer.job.job_id, 'runspec');
    expect(outcomes(events)).toHaveLength(1);
  });

  it('ends with one refusal', async () => {
    const answer = await held(fixture);
    await fixture.commands.decide(answer.job.job_id, decision(answer, person('ann')));
    await fixture.commands.decide(answer.job.job_id, decision(answer, person('carol'), 'reject'));
    expect((await untilSettled(fixture.cloud.web, answer.job.job_id)).job).toMatchObject({ status: 'DONE', outcome: 'rejected' });
  });

  it('refuses strangers, the submitter and identities that prove too little, and logs nothing of them', async () => {
    const { cloud, commands } = fixture;
    const { job_id } = await submit(cloud.web, idea(), 'ann');
    const answer = await untilSettled(cloud.web, job_id, 'blueprint');
    await expect(commands.decide(job_id, decision(answer, person('mallory')))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(commands.decide(job_id, decision(answer, person('ann')))).rejects.toMatchObject({ code: 'SELF_APPROVAL' });
    await expect(commands.decide(job_id, decision(answer, person('bob', 'ci')))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect((await getJob(cloud.web, job_id)).events).toEqual(answer.events);
  });

  it('keeps refused decisions in the audit log: who tried what, and why not', async () => {
    const answer = await held(fixture);
    await expect(fixture.commands.decide(answer.job.job_id, decision(answer, person('mallory')))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    const { body } = await call(fixture.cloud.web, '/audit/events?limit=100');
    const refused = (body as { events: JobEvent[] }).events.filter((event) => event.event_type === 'DECISION_REFUSED');
    expect(refused.at(-1)).toMatchObject({
      actor: { id: 'mallory' },
      step: 'blueprint',
      outputs: { job_id: answer.job.job_id, code: 'FORBIDDEN', choice: 'approve' },
    });
    const handing = { step: 'blueprint', to: 'dave', actor: person('mallory'), channel: 'page' as const };
    await expect(fixture.commands.delegate(answer.job.job_id, handing)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const after = (await call(fixture.cloud.web, '/audit/events?limit=100')).body as { events: JobEvent[] };
    expect(after.events.at(-1)).toMatchObject({
      ...{ event_type: 'DECISION_REFUSED', actor: { id: 'mallory' } },
      outputs: { job_id: answer.job.job_id, code: 'FORBIDDEN', choice: 'delegate', channel: 'page' },
    });
  });

  it('lets an approver delegate: the delegate counts in their place, once', async () => {
    const answer = await held(fixture);
    const { commands } = fixture;
    const { job_id } = answer.job;
    await expect(
      commands.delegate(job_id, { step: 'blueprint', to: 'dave', actor: person('mallory'), channel: 'http' }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await commands.delegate(job_id, { step: 'blueprint', to: 'dave', actor: person('ann'), channel: 'http' });
    expect((await commands.decide(job_id, decision(answer, person('dave')))).decision.event_type).toBe('APPROVAL_VOTED');
    expect(await commands.decide(job_id, decision(answer, person('ann')))).toMatchObject({ already_decided: true });
    expect((await commands.decide(job_id, decision(answer, person('bob')))).decision.event_type).toBe('APPROVED');
    const { events } = await getJob(fixture.cloud.web, job_id);
    expect(events.find((event) => event.event_type === 'APPROVAL_DELEGATED')?.outputs).toMatchObject({ from: 'ann', to: 'dave' });
    expect(events.find((event) => event.event_type === 'APPROVAL_VOTED')?.outputs).toMatchObject({ for: 'ann', channel: 'http' });
  });
});

describe("an approver's link", () => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await start(policy({ ...BLUEPRINT, quorum: 1 }));
  });
  afterAll(() => fixture.cloud.remove());

  const capability = async (answer: JobAnswer, approver: string): Promise<string> => {
    const approval = (await fixture.commands.load(answer.job.job_id))?.state.approvals.at(-1);
    const link = approval?.links.findLast((one) => one.approver === approver);
    if (!approval || !link) throw new Error(`no link of ${approver}`);
    return (
      capabilityOf(await fixture.world.keyRing(), { job_id: answer.job.job_id, state: approval.state, visit: approval.visit }, link) ?? ''
    );
  };

  it('opens the approval for its approver alone, and is nowhere in the log', async () => {
    const answer = await held(fixture);
    const secret = await capability(answer, 'bob');
    expect(await fixture.commands.openLink(secret)).toMatchObject({ approver: 'bob', approval: { step: 'blueprint' } });
    expect(JSON.stringify(answer.events)).not.toContain(secret);
    const tampered = `${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}`;
    for (const bad of [tampered, 'short', '', '../../x', 'A'.repeat(43)])
      await expect(fixture.commands.openLink(bad)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('opens nothing after it was revoked, and the others still do', async () => {
    const answer = await held(fixture);
    const [ann, bob] = [await capability(answer, 'ann'), await capability(answer, 'bob')];
    await fixture.commands.revokeLinks(answer.job.job_id, { step: 'blueprint', approver: 'ann', actor: person('ops') });
    await expect(fixture.commands.openLink(ann)).rejects.toMatchObject({ code: 'LINK_EXPIRED' });
    expect(await fixture.commands.openLink(bob)).toMatchObject({ approver: 'bob' });
    expect(types((await getJob(fixture.cloud.web, answer.job.job_id)).events)).toContain('LINK_REVOKED');
  });

  it('of a delegate is issued with the delegation', async () => {
    const answer = await held(fixture);
    await fixture.commands.delegate(answer.job.job_id, { step: 'blueprint', to: 'dave', actor: person('ann'), channel: 'http' });
    expect(await fixture.commands.openLink(await capability(answer, 'dave'))).toMatchObject({ approver: 'dave' });
  });

  it('shows the outcome once somebody decided', async () => {
    const answer = await held(fixture);
    const secret = await capability(answer, 'bob');
    await fixture.commands.decide(answer.job.job_id, decision(answer, person('carol')));
    expect(await fixture.commands.openLink(secret)).toMatchObject({
      approval: { decision: { event_type: 'APPROVED', by: { id: 'carol' } } },
    });
  });
});

describe('an approval nobody decides in time', () => {
  const soon = { ...BLUEPRINT, quorum: 1, expires_after: 1, remind_after: [] };
  const expiredTypes = async (rules: Partial<StepPolicy>, done: (answer: JobAnswer) => boolean): Promise<JobAnswer> => {
    const fixture = await start(policy(rules));
    try {
      const answer = await held(fixture);
      return await until(async () => {
        await fixture.commands.reconcile({ restartWaiters: false, all: true });
        return getJob(fixture.cloud.web, answer.job.job_id);
      }, done);
    } finally {
      await fixture.cloud.remove();
    }
  };

  it('is rejected where the policy says so, after it was said to have expired', async () => {
    const end = await expiredTypes({ ...soon, on_expiry: 'reject' }, ({ job }) => job.status === 'DONE');
    expect(end.job.outcome).toBe('rejected');
    expect(types(end.events).slice(-3)).toEqual(['APPROVAL_EXPIRED', 'REJECTED', 'DONE']);
    expect(end.events.at(-2)?.actor).toMatchObject({ type: 'policy', id: 'expiry' });
  });

  it('is asked of more people where the policy escalates, and they can decide', async () => {
    const fixture = await start(policy({ ...soon, on_expiry: 'escalate', escalate_to: ['boss'] }));
    const answer = await held(fixture);
    await until(
      async () => {
        await fixture.commands.reconcile({ restartWaiters: false, all: true });
        return (await fixture.commands.load(answer.job.job_id))?.state.approvals.at(-1)?.policy.approvers ?? [];
      },
      (approvers) => approvers.includes('boss'),
    );
    expect(await fixture.commands.decide(answer.job.job_id, decision(answer, person('boss')))).toMatchObject({
      decision: { event_type: 'APPROVED', by: 'boss' },
    });
    await fixture.cloud.remove();
  });

  it('is reminded of, and goes on waiting', async () => {
    const end = await expiredTypes({ ...BLUEPRINT, quorum: 1, remind_after: [1] }, ({ events }) =>
      types(events).includes('APPROVAL_REMINDED'),
    );
    expect(end.job.status).toBe('WAITING_APPROVAL');
  });

  it('has one outcome, however often a decision races the expiry', { timeout: 90_000 }, async () => {
    const fixture = await start(policy({ ...soon, on_expiry: 'reject', approvers: [] }));
    const { world, commands, cloud } = fixture;
    const answers = await Promise.all(Array.from({ length: 20 }, () => held(fixture)));
    await new Promise((resolve) => setTimeout(resolve, 1100));
    for (const answer of answers) {
      const racers = Array.from({ length: 10 }, (_, i) => [
        commands.decide(answer.job.job_id, decision(answer, person(`approver-${i}`))).catch((error: unknown) => error),
        commands.reconcile({ restartWaiters: false, all: false }).catch((error: unknown) => error),
      ]).flat();
      await Promise.all(racers);
    }
    for (const answer of answers) {
      const events = await world.log.read(answer.job.job_id);
      expect(outcomes(events)).toHaveLength(1);
      expect(verifyChain(events).problems).toEqual([]);
    }
    await cloud.remove();
  });
});

describe('an approval by policy', () => {
  it('passes a low-risk step under the name of the policy, and never the runspec', async () => {
    const rules: ApprovalPolicy = {
      ...LOCAL_POLICY,
      steps: { blueprint: { auto_approve: { policy: 'replays-are-fine', modes: ['replay'] } } },
    };
    const { cloud } = await start(rules);
    const { job_id } = await submit(cloud.web, idea());
    const { job, events } = await untilSettled(cloud.web, job_id);
    expect(job.step).toBe('runspec');
    expect(events.find((event) => event.step === 'blueprint')).toMatchObject({
      event_type: 'APPROVED',
      actor: { type: 'policy', id: 'replays-are-fine' },
      outputs: { auto: true },
    });
    await cloud.remove();
  });

  it.each(['runspec', 'llm_live_confirm'])('for %s stops the system at start, naming it', async (step) => {
    const rules = { ...LOCAL_POLICY, steps: { [step]: { auto_approve: { policy: 'p', modes: ['replay'] } } } };
    await expect(startTestCloud({ environment: { HOLDPOINT_APPROVAL_POLICY: JSON.stringify(rules) } })).rejects.toThrow(
      `${step} is never approved automatically`,
    );
  });
});

describe('a redrive', () => {
  it('continues a failed job from its log, and an old decision stays decided', async () => {
    const fixture = await start(LOCAL_POLICY);
    const { cloud, commands } = fixture;
    const spec = idea();
    const { job_id } = await submit(cloud.web, { ...spec, idea: { ...(spec['idea'] as object), hypothesis: 'Never recorded either.' } });
    expect((await untilSettled(cloud.web, job_id)).job.outcome).toBe('stopped_llm_error');
    await commands.redrive(job_id, { reason: 'try again', actor: person('ops') });
    const again = await until(
      () => getJob(cloud.web, job_id),
      ({ job, events }) => job.status === 'DONE' && types(events).includes('REDRIVEN'),
    );
    expect(types(again.events)).toEqual(['IDEA_SUBMITTED', 'APPROVED', 'ERROR', 'DONE', 'REDRIVEN', 'ERROR', 'DONE']);
    const good = await submit(cloud.web, idea());
    await driveToEnd(cloud.web, good.job_id);
    await expect(commands.redrive(good.job_id, { reason: null, actor: person('ops') })).rejects.toMatchObject({
      code: 'DECISION_CONFLICT',
    });
    await cloud.remove();
  });
});

describe('cancel against approve', () => {
  it('leaves one story: whoever was first, and the job is done', async () => {
    const fixture = await start(LOCAL_POLICY);
    const { cloud } = fixture;
    for (let i = 0; i < 5; i++) {
      const answer = await held(fixture);
      await Promise.all([
        approve(cloud.web, answer.job.job_id, 'blueprint'),
        call(cloud.web, `/jobs/${answer.job.job_id}/cancel`, { body: {} }),
      ]);
      const end = await until(
        () => getJob(cloud.web, answer.job.job_id),
        ({ job }) => job.status === 'DONE',
      );
      expect(end.job.outcome).toBe('cancelled');
      expect(verifyChain(end.events).problems).toEqual([]);
    }
    await cloud.remove();
  });
});

describe('a decision that comes early', () => {
  it('between the question and its stored token is kept, and the job goes on', async () => {
    let release: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => {
      release = resolve;
    });
    // The checkpoint has written the question; its token has not reached the table.
    const intercept =
      (handle: Handle): Handle =>
      async (request) => {
        const tokenWrite = request.headers['x-amz-target']?.endsWith('.PutItem') && request.body.includes('TOKEN#blueprint');
        if (tokenWrite) await blocked;
        return handle(request);
      };
    const cloud = await startTestCloud({ intercept });
    const { job_id } = await submit(cloud.web, idea());
    expect((await approve(cloud.web, job_id, 'blueprint')).status).toBe(200);
    release();
    const end = await driveToEnd(cloud.web, job_id);
    expect(end.job.outcome).toBe('succeeded');
    expect(outcomes(end.events)).toHaveLength(1);
    await cloud.remove();
  });
});

describe('a link that is still open when the job is redriven', () => {
  it('shows the decision it led to, and decides nothing again', async () => {
    const fixture = await start(policy({ ...BLUEPRINT, quorum: 1 }));
    const { cloud, commands, world } = fixture;
    const answer = await held(fixture);
    const { job_id } = answer.job;
    const approval = (await commands.load(job_id))?.state.approvals.at(-1);
    const link = approval?.links.find((one) => one.approver === 'bob');
    if (!approval || !link) throw new Error('no link');
    const secret = capabilityOf(await world.keyRing(), { job_id, state: approval.state, visit: approval.visit }, link) ?? '';
    await commands.decide(job_id, decision(answer, person('carol')));
    await untilSettled(cloud.web, job_id, 'runspec');
    const state = (await commands.load(job_id))?.state;
    if (!state) throw new Error('no job');
    await redrive(createWorld(readEnv(functionVariables(cloud.dataDir, cloud, {})('reconcile')), TELLS), { state }, 'test');
    await until(
      () => getJob(cloud.web, job_id),
      ({ job, events }) => types(events).includes('REDRIVEN') && job.step === 'runspec',
    );
    expect(await commands.openLink(secret)).toMatchObject({ approval: { decision: { by: { id: 'carol' } } } });
    expect(await commands.decide(job_id, decision(answer, person('bob')))).toMatchObject({
      already_decided: true,
      decision: { by: 'carol' },
    });
    await cloud.remove();
  });
});
