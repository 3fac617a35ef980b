import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEnv } from '../../adapters/env.ts';
import { TELLS } from '../../adapters/notify/parts.ts';
import { readOutbox } from '../../adapters/notify/read-outbox.ts';
import { PROVES } from '../../adapters/sign/parts.ts';
import { createWorld } from '../../adapters/world.ts';
import type { LinkRef } from '../../contracts/notification.ts';
import { renderSms } from '../../functions/lib/notification/sms.ts';
import { reconcile } from '../../functions/stage/reconcile/pass.ts';
import { functionVariables } from '../../infra/local/settings.ts';
import { blueprintRules, type RuledCloud, startRuledCloud } from '../support/approving.ts';
import { call, getJob, submit, until, untilSettled } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

const HOUR = 3600;
const to = (approver: string | null) => ({ approver, channel: 'outbox' as const, address: 'default' });
const RULES = {
  ...blueprintRules({
    ...{ approvers: ['ann', 'bob'], proven_by: ['local', 'link'], expires_after: 24 * HOUR, remind_after: [HOUR] },
    ...{ on_expiry: 'escalate', escalate_to: ['boss'] },
  }),
  recipients: ['ann', 'boss', 'dave', null].map(to),
};

describe('whoever is asked to decide', () => {
  let fixture: RuledCloud;
  beforeAll(async () => {
    fixture = await startRuledCloud(RULES);
  });
  afterAll(() => fixture.cloud.remove());

  let runs = 9200;
  const held = async (): Promise<string> => {
    const { job_id } = await submit(fixture.cloud.web, sample('idea-trend', { run: runs++ }));
    await untilSettled(fixture.cloud.web, job_id, 'blueprint');
    await until(
      () => messages(job_id, 'ann'),
      (found) => found.length > 0,
    );
    return job_id;
  };
  const messages = async (id: string, reader: string | null) => {
    const entries = await readOutbox(fixture.world.artifacts, id);
    const own = entries.map(({ record }) => record).filter(({ notification }) => notification.to.approver === reader);
    return own.toSorted((a, b) => a.recorded_at.localeCompare(b.recorded_at));
  };
  const kinds = async (id: string, reader: string | null) => (await messages(id, reader)).map(({ notification }) => notification.kind);
  /** The reconciler as it runs so many hours from now. */
  const passAfter = async (hours: number) => {
    const { dataDir, ...endpoints } = fixture.cloud;
    const variables = functionVariables(dataDir, endpoints, { HOLDPOINT_APPROVAL_POLICY: JSON.stringify(RULES) })('reconcile');
    const world = createWorld(readEnv(variables), { ...TELLS, ...PROVES });
    const now = new Date(Date.now() + hours * HOUR * 1000);
    await reconcile({ ...world, clock: () => now }, { all: true, restartWaiters: false });
  };
  const opens = async (ref: LinkRef | null | undefined) => {
    const link = ref ? await fixture.world.linkOf?.(ref) : null;
    return link ? (await fixture.commands.openLink(link.split('/a/')[1] ?? '')).approver : null;
  };
  const delegate = (id: string, name: string) =>
    call(fixture.cloud.web, `/jobs/${id}/delegate?step=blueprint`, { user: 'ann', body: { to: name } });

  it('gets one message for each time, asking, with a link that is good; the newly asked get one in all', async () => {
    const id = await held();
    await passAfter(2);
    await passAfter(25);
    await passAfter(25);
    expect([await kinds(id, 'ann'), await kinds(id, 'boss')]).toEqual([['opened', 'reminded', 'escalated'], ['escalated']]);
    await passAfter(50);
    await passAfter(50);
    for (const reader of ['ann', 'boss']) {
      const last = (await messages(id, reader)).at(-1);
      expect(last?.notification).toMatchObject({
        kind: 'expired',
        on_approve: expect.any(String),
        question: expect.stringMatching(/^Nobody decided blueprint in time, so it is asked again\. Is this the strategy/),
      });
      expect(Date.parse(last?.notification.expires_at ?? '')).toBeGreaterThan(Date.now() + 70 * HOUR * 1000);
      expect(await opens(last?.link_ref)).toBe(reader);
    }
    expect([await kinds(id, 'boss'), (await messages(id, 'dave')).length]).toEqual([['escalated', 'expired'], 0]);
    expect((await messages(id, null)).every(({ link_ref }) => link_ref === null)).toBe(true);
  });

  it('in the place of an approver is told so once, by whom, with a link of their own; and is reminded like the others', async () => {
    const id = await held();
    expect([(await delegate(id, 'dave')).status, (await delegate(id, 'dave')).status]).toEqual([200, 200]);
    const [told] = await until(
      () => messages(id, 'dave'),
      (found) => found.length > 0,
    );
    expect(told?.notification).toMatchObject({
      kind: 'opened',
      question: expect.stringMatching(/^ann asked you to decide in their place\. Is this/),
    });
    expect(await opens(told?.link_ref)).toBe('dave');
    expect(told && renderSms({ ...told.notification, link: null })).toContain('ann asked you to decide in their place.');
    const { events } = await getJob(fixture.cloud.web, id);
    expect(events.filter(({ event_type }) => event_type === 'LINK_ISSUED')).toHaveLength(1);
    await passAfter(2);
    expect(await kinds(id, 'dave')).toEqual(['opened', 'reminded']);
    await passAfter(25);
    const last = (await messages(id, 'dave')).at(-1);
    expect([last?.notification.kind, await opens(last?.link_ref)]).toEqual(['escalated', 'dave']);
  });

  it('in the place of an approver, but read by no channel of their own, is named where several people read', async () => {
    const id = await held();
    await delegate(id, 'erin');
    const told = await until(
      () => messages(id, null),
      (found) => found.length > 1,
    );
    expect(told.at(-1)).toMatchObject({
      link_ref: null,
      notification: { question: expect.stringMatching(/^ann asked erin to decide in their place\./) },
    });
  });
});
