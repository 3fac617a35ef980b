import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import { JobEvent } from '../../contracts/events.ts';
import { JobView } from '../../contracts/http.ts';
import { describeInBrowser, inlineCode, leavesNothing, overflow, PHONE, startBrowser, type Tabs } from '../support/browser.ts';
import { startTestCloud, type TestCloud, until } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

const Loaded = z.object({ job: JobView, events: z.array(JobEvent) });

describeInBrowser('where people sign in', () => {
  let cloud: TestCloud;
  let tabs: Tabs;
  beforeAll(async () => {
    [cloud, tabs] = await Promise.all([startTestCloud({ oidc: true }), startBrowser()]);
  });
  leavesNothing(() => ({ cloud, tabs }));

  const ask = async (path: string, body?: unknown): Promise<unknown> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${await cloud.oidc?.tokenFor('bob')}` };
    const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(cloud.web + path, { headers, ...post });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  const load = async (id: string) => Loaded.parse(await ask(`/jobs/${id}`));
  const waiting = async (run: number): Promise<string> => {
    const { job_id } = JobView.parse(await ask('/jobs', sample('idea-trend', { run })));
    await until(
      () => load(job_id),
      ({ job }) => job.status === 'WAITING_APPROVAL',
    );
    return job_id;
  };
  const violations = async (page: Page): Promise<string[]> => {
    await page.evaluate(axe.source);
    return page.evaluate<string[]>('axe.run().then(({ violations }) => violations.map(({ id, help }) => id + ": " + help))');
  };
  const chooseAnn = (page: Page) => page.getByRole('button', { name: /Ann Approver/ }).click();

  it('a link to a job leads through the sign-in and back to it, and the decision carries who signed in', async () => {
    const id = await waiting(1);
    const page = await tabs.open(PHONE);
    await page.goto(`${cloud.web}/ui/jobs/${id}`);
    await page.getByRole('heading', { name: 'Sign in to go on' }).waitFor();
    expect([await overflow(page), await violations(page), await inlineCode(page)]).toEqual([0, [], []]);
    await page.getByRole('link', { name: 'Sign in', exact: true }).click();
    await chooseAnn(page);
    await page.waitForURL(`${cloud.web}/ui/jobs/${id}`);
    expect(await page.getByRole('banner').innerText()).toContain('ann@example.test');
    expect([await overflow(page), await violations(page)]).toEqual([0, []]);
    await page.getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByText('Approved: blueprint').waitFor();
    const { events } = await load(id);
    expect(events.find(({ event_type, actor }) => event_type === 'APPROVED' && actor.type === 'user')).toMatchObject({
      actor: { type: 'user', id: 'ann@example.test', identity: 'oidc' },
      outputs: { channel: 'page' },
    });
  });

  it('a decision sent after signing out records nothing, says so, and leads back to the job', async () => {
    const id = await waiting(2);
    const page = await tabs.open();
    await page.goto(`${cloud.web}/ui/jobs/${id}`);
    await page.getByRole('link', { name: 'Sign in', exact: true }).click();
    await chooseAnn(page);
    await page.getByRole('button', { name: 'Approve', exact: true }).waitFor();
    const other = await page.context().newPage();
    await other.goto(`${cloud.web}/ui/approvals`);
    await other.getByRole('button', { name: 'Sign out' }).click();
    await other.getByRole('heading', { name: 'You are signed out' }).waitFor();
    expect(await violations(other)).toEqual([]);
    const before = (await load(id)).events.length;
    await page.getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByText('Nothing was recorded').waitFor();
    expect((await load(id)).events.length).toBe(before);
    await page.getByRole('link', { name: 'Sign in', exact: true }).click();
    await chooseAnn(page);
    await page.waitForURL(`${cloud.web}/ui/jobs/${id}`);
    await page.getByRole('button', { name: 'Approve', exact: true }).waitFor();
    tabs.problems();
  });

  it('whoever turns back may try again', async () => {
    const page = await tabs.open();
    await page.goto(`${cloud.web}/ui/approvals`);
    await page.getByRole('link', { name: 'Sign in', exact: true }).click();
    await page.getByRole('button', { name: 'Do not sign in' }).click();
    await page.getByRole('heading', { name: 'You were not signed in' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('link', { name: 'Try again' }).click();
    await chooseAnn(page);
    await page.waitForURL(`${cloud.web}/ui/approvals`);
  });
});
