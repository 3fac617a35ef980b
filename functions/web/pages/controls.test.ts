import { describe, expect, test } from 'vitest';
import { ApprovalDetailList } from '../../../contracts/approval-http.ts';
import { LOCAL_POLICY } from '../../../contracts/approval-policy.ts';
import { createWeb } from '../app.ts';
import { emptyMemory, memoryDeps, Story } from '../testing.ts';
import { linksFor } from '../testing-approvals.ts';

const ID = 'aaaaaaaaaaaa';
const HOLD = 'HoldBlueprint';
const PAGE = { accept: 'text/html' };
const FORM = { ...PAGE, origin: 'null', 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' };

const world = () => {
  const memory = emptyMemory();
  const story = new Story(memory, ID).submitted('Trend filter');
  const web = createWeb(memoryDeps(memory));
  const as = (user: string) => ({ 'x-holdpoint-user': user });
  const page = async (user = 'bob') => (await web.request(`/ui/jobs/${ID}`, { headers: { ...PAGE, ...as(user) } })).text();
  const send = (what: string, fields: Record<string, string>, user = 'bob') =>
    web.request(`/ui/jobs/${ID}/${what}`, {
      method: 'POST',
      headers: { ...FORM, ...as(user) },
      body: new URLSearchParams(fields).toString(),
    });
  const call = (path: string, body: unknown, user = 'bob') =>
    web.request(`/jobs/${ID}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...as(user) },
      body: JSON.stringify(body),
    });
  const detail = async () => ApprovalDetailList.parse(await (await web.request(`/jobs/${ID}/approvals`)).json()).approvals;
  const last = () => memory.logs.get(ID)?.at(-1);
  return { memory, story, web, page, send, call, detail, last };
};

const asked = () => {
  const made = world();
  const policy = { ...LOCAL_POLICY.default, approvers: ['bob', 'carol'], quorum: 2 };
  const links = linksFor(ID, HOLD, 1, policy.approvers, '2026-01-17T12:00:00.000Z');
  const subject = [{ ...made.story.file('outputs/1/blueprint.json', '{"fast":50}'), name: 'blueprint' }];
  made.story.waits('blueprint', HOLD, subject, 9, 1, { outputs: { policy, links } });
  return made;
};

describe('an open approval', () => {
  test('is delegated by its approver, on record and on the page', async () => {
    const { page, send, last, detail } = asked();
    expect(await page('bob')).toContain('Ask somebody to decide for you');
    expect(await page('dave')).not.toContain('Ask somebody to decide for you');
    const answer = await send('delegate', { step: 'blueprint', to: ' dave ' });
    expect(answer.headers.get('location')).toBe(`/ui/jobs/${ID}?decided=3`);
    expect(last()).toMatchObject({ event_type: 'APPROVAL_DELEGATED', outputs: { from: 'bob', to: 'dave', channel: 'page' } });
    expect(await page('dave')).toContain('<bdi>bob</bdi> asked <bdi>dave</bdi>');
    expect(await detail()).toMatchObject([{ open: true, approvers: ['bob', 'carol'], delegations: [{ from: 'bob', to: 'dave' }] }]);
  });

  test.each(['bob', 'bob ', ' bob'])('is not delegated to oneself, however it is written: %j', async (to) => {
    const { send, call, story } = asked();
    expect([(await send('delegate', { step: 'blueprint', to })).status, (await call('delegate?step=blueprint', { to })).status]).toEqual([
      400, 400,
    ]);
    expect(story.events).toHaveLength(2);
  });

  test('is not delegated by a stranger, nor to nobody: the page says why, and nothing is recorded', async () => {
    const { send, call, story } = asked();
    const answer = await send('delegate', { step: 'blueprint', to: 'dave' }, 'mallory');
    expect([answer.status, (await answer.text()).includes('mallory is not an approver')]).toEqual([403, true]);
    expect((await send('delegate', { step: 'blueprint', to: '<b>' })).status).toBe(400);
    expect((await call('delegate?step=lunch', { to: 'dave' })).status).toBe(400);
    expect((await call('delegate?step=blueprint', { to: 'dave', more: 1 })).status).toBe(400);
    expect(story.events).toHaveLength(2);
  });

  test('shows whom links went to, and takes one back', async () => {
    const { page, send, detail, last } = asked();
    expect(await page()).toContain('name="approver" value="carol"');
    await send('revoke-link', { step: 'blueprint', approver: 'carol' }, 'ops');
    expect(last()).toMatchObject({ event_type: 'LINK_REVOKED', actor: { id: 'ops' } });
    expect((await detail())[0]?.links.map(({ approver, state }) => [approver, state])).toEqual([
      ['bob', 'open'],
      ['carol', 'revoked'],
    ]);
    expect(await page()).not.toContain('name="approver" value="carol"');
  });

  test('never shows the hash of a link', async () => {
    const { page, web, story } = asked();
    const hash = String(linksFor(ID, HOLD, 1, ['bob'], '')[0]?.hash);
    expect(JSON.stringify(story.events)).toContain(hash);
    expect(await page()).not.toContain(hash);
    expect(await (await web.request(`/jobs/${ID}/approvals`)).text()).not.toContain(hash);
  });

  test('offers no form to whom it does not ask, and says whom it asks', async () => {
    const page = await asked().page('mallory');
    expect(page).toContain('You do not decide this');
    expect(page).not.toContain('name="choice"');
  });
});

describe('a revised blueprint', () => {
  test('is shown with the request it answers and what changed', async () => {
    const { story, page } = world();
    const draft = (n: number, fast: number) => [{ ...story.file(`outputs/${n}/blueprint.json`, `{"fast":${fast}}`), name: 'blueprint' }];
    story.waits('blueprint', HOLD, draft(1, 50), 9).decided('REVISION_REQUESTED', 'A <b>faster</b> one', 8);
    story.waits('blueprint', HOLD, draft(2, 20), 7, 2);
    const shown = await page();
    expect(shown).toContain('Sent back by <bdi>bob</bdi> (local)');
    expect(shown).toContain('A &lt;b&gt;faster&lt;/b&gt; one');
    expect(shown).toContain('<del>50</del>');
    expect(shown).toContain('<ins>20</ins>');
  });

  test('after a runspec was sent back carries that request, not an older one', async () => {
    const { story, page } = world();
    const file = (n: number) => [{ ...story.file(`outputs/${n}/blueprint.json`, `{"fast":${n}}`), name: 'blueprint' }];
    story.waits('blueprint', HOLD, file(1), 20).decided('REVISION_REQUESTED', 'older request', 19);
    story.waits('blueprint', HOLD, file(2), 18, 2).decided('APPROVED', null, 17);
    story.waits('runspec', 'HoldRunspec', file(2), 16).decided('REVISION_REQUESTED', 'newer request', 15);
    story.waits('blueprint', HOLD, file(3), 14, 3);
    const decision = /id="decision"[\s\S]*<form/.exec(await page())?.[0] ?? '';
    expect(decision).toContain('newer request');
    expect(decision).not.toContain('older request');
  });
});

test('a request that was answered before is not shown again', async () => {
  const { story, page } = world();
  const file = (n: number) => [{ ...story.file(`outputs/${n}/blueprint.json`, `{"fast":${n}}`), name: 'blueprint' }];
  story.waits('blueprint', HOLD, file(1), 20).decided('REVISION_REQUESTED', 'older request', 19);
  story.waits('blueprint', HOLD, file(2), 18, 2).decided('APPROVED', null, 17);
  story.waits('blueprint', HOLD, file(3), 14, 3);
  expect(/id="decision"[\s\S]*<form/.exec(await page())?.[0]).not.toContain('older request');
});

describe('a job', () => {
  test('is cancelled from its page with a reason, and the log says through what', async () => {
    const { send, last, page } = asked();
    expect((await send('cancel', { reason: ' no longer needed ' })).status).toBe(303);
    expect(last()).toMatchObject({ event_type: 'CANCELLED', message: 'no longer needed', outputs: { channel: 'page' } });
    expect(await page()).not.toContain('Cancel job');
  });

  test.each([
    ['stopped_llm_error', true],
    ['error', true],
    ['rejected', false],
    ['succeeded', false],
    ['cancelled', false],
  ])('that ended %s can be redriven: %s', async (status, can) => {
    const { story, page } = world();
    story.did('DONE', 'Stop', [], { status }, 1);
    expect((await page()).includes(`action="/ui/jobs/${ID}/redrive"`)).toBe(can);
  });

  test('is redriven from its page and by HTTP; one that runs is not', async () => {
    const { story, send, call, last } = world();
    expect([(await send('redrive', {})).status, (await call('redrive', {})).status]).toEqual([409, 409]);
    story.did('DONE', 'Stop', [], { status: 'error' }, 1);
    expect((await send('redrive', { reason: 'the provider is back' })).status).toBe(303);
    expect(last()).toMatchObject({ event_type: 'REDRIVEN', message: 'the provider is back', outputs: { channel: 'page' } });
  });

  test('takes none of it from another site', async () => {
    const { web, story } = asked();
    for (const what of ['cancel', 'redrive', 'delegate', 'revoke-link']) {
      const headers = { ...FORM, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
      expect((await web.request(`/ui/jobs/${ID}/${what}`, { method: 'POST', headers, body: 'step=blueprint&to=dave' })).status).toBe(403);
    }
    expect(story.events).toHaveLength(2);
  });
});
