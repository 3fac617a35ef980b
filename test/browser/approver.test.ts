import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { readEnv } from '../../adapters/env.ts';
import { TELLS } from '../../adapters/notify/parts.ts';
import { createWorld, type World } from '../../adapters/world.ts';
import { type ApprovalPolicy, LOCAL_POLICY } from '../../contracts/approval-policy.ts';
import { JobView } from '../../contracts/http.ts';
import { capabilityOf } from '../../functions/lib/capability.ts';
import { fold } from '../../functions/lib/fold.ts';
import { functionVariables } from '../../infra/local/settings.ts';
import { DESK, describeInBrowser, inlineCode, leavesNothing, overflow, PHONE, startBrowser, type Tabs } from '../support/browser.ts';
import { call, getJob, startTestCloud, submit, type TestCloud, until, untilSettled } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

const QUESTION = 'Is this the strategy we want to test?';
const POLICY: ApprovalPolicy = {
  ...LOCAL_POLICY,
  steps: { blueprint: { approvers: ['ann', 'bob', 'carol'], quorum: 1, self_approval: false, proven_by: ['link', 'local'] } },
};

/** Everything a mail scanner is known to do with a link, short of typing. */
const SCANNERS: Record<string, (page: Page, url: string) => Promise<unknown>> = {
  'asks for the head': (page, url) => page.request.head(url),
  'reads it again and again': (page, url) => Promise.all(Array.from({ length: 5 }, () => page.request.get(url))),
  prefetches: (page, url) => page.request.get(url, { headers: { 'sec-purpose': 'prefetch;prerender', purpose: 'prefetch' } }),
  'opens it, runs its scripts and follows its links': async (page, url) => {
    await page.goto(url, { waitUntil: 'networkidle' });
    const links = await page.evaluate<string[]>('[...document.links].map((link) => link.href)');
    for (const link of links) await page.request.get(link);
  },
  'presses every button': async (page, url) => {
    for (const name of ['Reject', 'Send back', 'Approve']) {
      await page.goto(url);
      await page.getByRole('button', { name, exact: true }).click();
      await page.waitForLoadState('networkidle');
    }
  },
  'submits the form by script, past what browsers check': async (page, url) => {
    for (const choice of ['reject', 'approve']) {
      await page.goto(url);
      await page.evaluate(`document.querySelector('form').noValidate = true; document.querySelector('[value=${choice}]').click()`);
      await page.getByText('Your decision was not taken').waitFor();
    }
  },
};

describeInBrowser("an approver's link", () => {
  let cloud: TestCloud;
  let world: World;
  let tabs: Tabs;
  beforeAll(async () => {
    const environment = { HOLDPOINT_APPROVAL_POLICY: JSON.stringify(POLICY) };
    [cloud, tabs] = await Promise.all([startTestCloud({ environment }), startBrowser()]);
    world = createWorld(readEnv(functionVariables(cloud.dataDir, cloud, environment)('web')), TELLS);
  });
  leavesNothing(() => ({ cloud, tabs }));

  let runs = 7000;
  const waiting = async (): Promise<string> => {
    const { job_id } = await submit(cloud.web, sample('idea-trend', { run: runs++ }));
    await untilSettled(cloud.web, job_id, 'blueprint');
    return job_id;
  };
  const linkOf = async (jobId: string, approver: string): Promise<string> => {
    const approval = fold(await world.log.read(jobId))?.approvals.at(-1);
    const link = approval?.links.findLast((one) => one.approver === approver);
    if (!approval || !link) throw new Error(`${approver} has no link to job ${jobId}`);
    const { state, visit } = approval;
    return `${cloud.web}/a/${capabilityOf(await world.keyRing(), { job_id: jobId, state, visit }, link)}`;
  };
  const eventsOf = async (jobId: string) => (await getJob(cloud.web, jobId)).events;
  const violations = async (page: Page): Promise<string[]> => {
    await page.evaluate(axe.source);
    return page.evaluate<string[]>('axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html))');
  };
  const sound = async (page: Page): Promise<void> => {
    expect([await overflow(page), await inlineCode(page), await violations(page)]).toEqual([0, [], []]);
  };
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const decide = async (page: Page, name = 'Approve'): Promise<void> => {
    await page.getByLabel('Type “blueprint” to decide').fill('Blueprint');
    await press(page, name);
  };

  it.each(Object.keys(SCANNERS))('nothing changes when a scanner %s', async (name) => {
    const id = await waiting();
    const before = await eventsOf(id);
    const page = await tabs.open();
    await SCANNERS[name]?.(page, await linkOf(id, 'ann'));
    expect(await eventsOf(id)).toEqual(before);
    tabs.problems();
  });

  it('a person on a phone reads, types the step, decides, and is shown what was recorded', async () => {
    const id = await waiting();
    const url = await linkOf(id, 'ann');
    const page = await tabs.open(PHONE);
    const answer = await page.goto(url);
    expect(answer?.headers()).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    await page.getByRole('heading', { name: QUESTION }).waitFor();
    await sound(page);
    await page.getByLabel('Comment').fill('Looks right');
    await decide(page);
    await page.getByText('You decided: approved').waitFor();
    await sound(page);
    const { events } = await untilSettled(cloud.web, id, 'runspec');
    expect(events.find(({ event_type, actor }) => event_type === 'APPROVED' && actor.type === 'user')).toMatchObject({
      ...{ actor: { type: 'user', id: 'ann', identity: 'link' }, message: 'Looks right' },
      outputs: { channel: 'link' },
    });
    expect(JSON.stringify(events)).not.toContain(url.split('/a/')[1]);
  });

  it('works without any script, and with the keyboard alone', async () => {
    const id = await waiting();
    const page = await tabs.open({ ...DESK, javaScriptEnabled: false });
    await page.goto(await linkOf(id, 'bob'));
    await page.getByLabel('Type “blueprint” to decide').focus();
    await page.keyboard.type('blueprint');
    for (let i = 0; i < 3; i++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('You decided: approved').waitFor();
    expect((await untilSettled(cloud.web, id, 'runspec')).job.step).toBe('runspec');
  });

  it('a person who forgets to type is stopped by the browser, and keeps what they wrote', async () => {
    const id = await waiting();
    const page = await tabs.open(PHONE);
    await page.goto(await linkOf(id, 'ann'));
    await page.getByLabel('Comment').fill('Half a thought');
    await press(page, 'Reject');
    expect(await page.getByLabel('Comment').inputValue()).toBe('Half a thought');
    expect(await page.evaluate('document.activeElement.id')).toBe('typed');
  });

  it('a replayed form shows the recorded outcome and adds nothing', async () => {
    const id = await waiting();
    const url = await linkOf(id, 'ann');
    const [page, late, opposed] = [await tabs.open(PHONE), await tabs.open(PHONE), await tabs.open(PHONE)];
    for (const one of [page, late, opposed]) await one.goto(url);
    await decide(page);
    await page.getByText('You decided: approved').waitFor();
    await untilSettled(cloud.web, id, 'runspec');
    const before = await eventsOf(id);
    await decide(late);
    await late.getByText('You decided: approved').waitFor();
    await decide(opposed, 'Reject');
    await opposed.getByText('this was decided before').waitFor();
    await page.goBack();
    await page.getByText('You decided: approved').waitFor();
    expect(await eventsOf(id)).toEqual(before);
  });

  it('another approver sees who decided; a revoked link, a wrong one and a stranger see nothing of it', async () => {
    const id = await waiting();
    const [ann, bob, carol] = await Promise.all(['ann', 'bob', 'carol'].map((name) => linkOf(id, name)));
    const page = await tabs.open(PHONE);
    await call(cloud.web, `/jobs/${id}/links/revoke?step=blueprint`, { body: { approver: 'carol' } });
    await page.goto(String(ann));
    await decide(page, 'Reject');
    await page.getByText('You decided: rejected').waitFor();
    await page.goto(String(bob));
    await page.getByText('Decided: rejected').waitFor();
    expect(await page.getByRole('button').count()).toBe(0);
    for (const [url, title] of [
      [String(carol), 'This link was revoked'],
      [`${cloud.web}/a/${'A'.repeat(43)}`, 'This link opens nothing'],
    ] as const) {
      await page.goto(url);
      await page.getByRole('heading', { name: title }).waitFor();
      await sound(page);
    }
    tabs.problems();
  });

  it.each([
    ['without an origin', {}],
    ['of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['with a null origin alone', { origin: 'null' }],
  ])('a form sent %s is refused', async (_, headers) => {
    const id = await waiting();
    const url = await linkOf(id, 'ann');
    const page = await tabs.open();
    await page.goto(url);
    const fields = await page.evaluate<Record<string, string>>(
      `Object.fromEntries([...document.querySelectorAll('input[type=hidden]')].map((field) => [field.name, field.value]))`,
    );
    const body = new URLSearchParams({ ...fields, choice: 'approve', typed: 'blueprint' });
    const answer = await fetch(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body });
    expect(answer.status).toBe(403);
    expect((await getJob(cloud.web, id)).job.status).toBe('WAITING_APPROVAL');
  });

  it('several jobs with equal evidence are decided once from the inbox', async () => {
    const ids = [await waiting(), await waiting()];
    const page = await tabs.open({ ...PHONE, extraHTTPHeaders: { 'x-holdpoint-user': 'ann' } });
    await page.goto(`${cloud.web}/ui/approvals`);
    for (const id of ids) await page.locator(`input[name=job][value="${id}"]`).check();
    await sound(page);
    await page.getByRole('region', { name: QUESTION }).getByRole('button').click();
    await page.getByRole('heading', { name: '2 jobs with the same evidence' }).waitFor();
    await sound(page);
    await press(page, 'Approve');
    await page.getByRole('heading', { name: '2 of 2 decided' }).waitFor();
    await sound(page);
    for (const id of ids) expect((await untilSettled(cloud.web, id, 'runspec')).job.step).toBe('runspec');
  });

  it.each([PHONE, DESK])('delegating, revoking and cancelling work on the page of a job', async (screen) => {
    const id = await waiting();
    const page = await tabs.open({ ...screen, extraHTTPHeaders: { 'x-holdpoint-user': 'ann' } });
    await page.goto(`${cloud.web}/ui/jobs/${id}`);
    await page.getByText('Ask somebody to decide for you').click();
    await page.getByLabel('Who decides for you').fill('dave');
    await press(page, 'Delegate');
    await page.getByText('ann asked dave', { exact: true }).first().waitFor();
    await page.getByRole('row', { name: /^dave/ }).getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('Link revoked: blueprint').waitFor();
    await page.getByText('Cancel this job').click();
    await page.getByLabel('Why').fill('a test');
    await sound(page);
    await press(page, 'Cancel job');
    await page.getByText('Done: cancelled').first().waitFor();
    expect((await eventsOf(id)).find(({ event_type }) => event_type === 'CANCELLED')).toMatchObject({
      message: 'a test',
      outputs: { channel: 'page' },
    });
  });

  it.each([
    ['the metrics', () => '/ui/metrics'],
    ['a file', (id: string) => `/ui/jobs/${id}/artifacts/outputs/agents/intent/1/blueprint.json`],
    ['lines of a file', (id: string) => `/ui/jobs/${id}/artifacts/outputs/agents/intent/1/llm_calls.jsonl`],
  ])('axe finds nothing on the page of %s', async (_, path) => {
    const page = await tabs.open(PHONE);
    const id = await waiting();
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.goto(cloud.web + path(id));
      await sound(page);
    }
  });
});

describeInBrowser("an approver's link, where people sign in", () => {
  const ANN = 'ann@example.test';
  let cloud: TestCloud;
  let world: World;
  let tabs: Tabs;
  beforeAll(async () => {
    const policy: ApprovalPolicy = { ...LOCAL_POLICY, steps: { blueprint: { approvers: [ANN], proven_by: ['oidc', 'link'] } } };
    const environment = { HOLDPOINT_APPROVAL_POLICY: JSON.stringify(policy) };
    [cloud, tabs] = await Promise.all([startTestCloud({ environment, oidc: true }), startBrowser()]);
    world = createWorld(readEnv(functionVariables(cloud.dataDir, cloud, environment)('web')), TELLS);
  });
  leavesNothing(() => ({ cloud, tabs }));

  const waiting = async (run: number): Promise<{ id: string; url: string }> => {
    const authorization = `Bearer ${await cloud.oidc?.tokenFor('bob')}`;
    const answer = await fetch(`${cloud.web}/jobs`, {
      ...{ method: 'POST', body: JSON.stringify(sample('idea-trend', { run })) },
      headers: { authorization, 'content-type': 'application/json' },
    });
    const { job_id } = JobView.parse(await answer.json());
    const read = async () => fold(await world.log.read(job_id))?.approvals.findLast(({ step }) => step === 'blueprint');
    const approval = await until(read, (found) => found !== undefined);
    const [link] = approval?.links ?? [];
    if (!approval || !link) throw new Error('no link was issued');
    const { state, visit } = approval;
    const capability = capabilityOf(await world.keyRing(), { job_id, state, visit }, link);
    // The page opens once the wait does.
    await until(
      () => world.links.get(link.hash),
      (target) => target !== null,
    );
    return { id: job_id, url: `${cloud.web}/a/${capability}` };
  };
  const signInAs = (page: Page, name: RegExp) => page.getByRole('button', { name }).click();
  const approvals = async (id: string) =>
    (await world.log.read(id)).filter(({ event_type, actor }) => event_type === 'APPROVED' && actor.type === 'user');

  it('leads from the evidence through the sign-in back to the decision, and is in no address on the way', async () => {
    const { id, url } = await waiting(1);
    const page = await tabs.open(PHONE);
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(request.url()));
    await page.goto(url);
    await page.getByText('Sign in to decide').waitFor();
    expect([await overflow(page), await page.getByRole('button', { name: 'Approve' }).count()]).toEqual([0, 0]);
    await page.getByRole('link', { name: `Sign in as ${ANN}` }).click();
    await signInAs(page, /Ann Approver/);
    await page.waitForURL(url);
    await page.getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByText('You decided: approved').waitFor();
    const [capability = ''] = url.split('/a/').slice(1);
    const elsewhere = addresses.filter((address) => address.includes(capability) && !address.startsWith(url));
    expect(elsewhere).toEqual([]);
    expect(await approvals(id)).toMatchObject([{ actor: { id: ANN, identity: 'oidc' }, outputs: { channel: 'link' } }]);
  });

  it('refuses whoever else is signed in', async () => {
    const { id, url } = await waiting(2);
    const page = await tabs.open();
    await page.goto(`${cloud.web}/ui/jobs`);
    await page.getByRole('link', { name: 'Sign in', exact: true }).click();
    await signInAs(page, /Bob/);
    await page.waitForURL(`${cloud.web}/ui/jobs`);
    const answer = await page.goto(url);
    expect(answer?.status()).toBe(403);
    await page.getByRole('heading', { name: 'This link is somebody else’s' }).waitFor();
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0);
    expect(await approvals(id)).toEqual([]);
    tabs.problems();
  });
});
