import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { DESK, describeInBrowser, leavesNothing, overflow, PHONE, startBrowser, type Tabs } from '../support/browser.ts';
import { approve, call, getJob, startTestCloud, submit, type TestCloud, untilSettled } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

const QUESTION = 'Is this the strategy we want to test?';
const NEXT_QUESTION = 'Run exactly this specification?';

describeInBrowser('the page of a job', () => {
  let cloud: TestCloud;
  let tabs: Tabs;
  beforeAll(async () => {
    [cloud, tabs] = await Promise.all([startTestCloud(), startBrowser()]);
  });
  leavesNothing(() => ({ cloud, tabs }));

  let runs = 1;
  const waiting = async (name = 'idea-trend'): Promise<string> => {
    const { job_id } = await submit(cloud.web, sample(name, { run: runs++ }));
    await untilSettled(cloud.web, job_id);
    return job_id;
  };
  const urlOf = (jobId: string) => `${cloud.web}/ui/jobs/${jobId}`;
  const heading = (page: Page, name: string) => page.getByRole('heading', { name });
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const eventsOf = async (jobId: string) => (await getJob(cloud.web, jobId)).events;

  const expectResult = async (page: Page): Promise<void> => {
    await page.locator('#job-head').getByText('Done: succeeded').waitFor();
    for (const chart of ['equity', 'drawdown']) await page.getByRole('img', { name: `Chart: ${chart}` }).scrollIntoViewIfNeeded();
    await expect.poll(() => page.evaluate('[...document.images].map((image) => image.naturalWidth > 0)')).toEqual([true, true]);
    const text = await page.getByRole('main').innerText();
    for (const part of ['Result', 'Gates of the policy bundle', 'Report', 'REPLAY: answer of', 'Registry card']) {
      expect(text).toContain(part);
    }
    expect(await page.getByRole('group', { name: 'Gates' }).getByText('passed').count()).toBe(6);
  };

  it('takes a newcomer on a phone through both approvals to charts, report, gates and card', async () => {
    const id = await waiting();
    const page = await tabs.open(PHONE);
    await page.goto(urlOf(id));
    expect(await overflow(page)).toBe(0);
    expect(await page.locator('#job-head').getByText('REPLAY', { exact: true }).isVisible()).toBe(true);
    await heading(page, QUESTION).waitFor();
    await press(page, 'Approve');
    await page.getByText('Approved: blueprint').waitFor();
    await heading(page, NEXT_QUESTION).waitFor();
    expect(await overflow(page)).toBe(0);
    await press(page, 'Approve');
    await expectResult(page);
    expect(await overflow(page)).toBe(0);
    expect((await getJob(cloud.web, id)).job).toMatchObject({ status: 'DONE', outcome: 'succeeded' });
  });

  it('does the same without any script', async () => {
    const id = await waiting();
    const page = await tabs.open({ ...DESK, javaScriptEnabled: false });
    for (const [question, step] of [
      [QUESTION, 'blueprint'],
      [NEXT_QUESTION, 'runspec'],
    ] as const) {
      await untilSettled(cloud.web, id, step);
      await page.goto(urlOf(id));
      await heading(page, question).waitFor();
      await press(page, 'Approve');
      await page.getByText(`Approved: ${step}`).waitFor();
    }
    await expect.poll(async () => (await getJob(cloud.web, id)).job.status, { timeout: 20_000 }).toBe('DONE');
    await page.reload();
    await expectResult(page);
  });

  it('can be decided with the keyboard alone, and shows where the focus is', async () => {
    const page = await tabs.open();
    await page.goto(urlOf(await waiting()));
    const focused = () =>
      page.evaluate<{ text: string; ring: string }>(
        `(() => { const e = document.activeElement; return { text: e.innerText, ring: getComputedStyle(e).outlineStyle }; })()`,
      );
    await page.keyboard.press('Tab');
    expect((await focused()).text).toBe('Skip to content');
    await page.keyboard.press('Enter');
    const passed: string[] = [];
    for (let presses = 0; presses < 60 && passed.at(-1) !== 'Approve'; presses++) {
      await page.keyboard.press('Tab');
      const { text, ring } = await focused();
      expect(ring).toBe('solid');
      passed.push(text);
    }
    expect(passed.slice(-3)).toEqual(['Reject', 'Send back', 'Approve']);
    await page.keyboard.press('Enter');
    await page.getByText('Approved: blueprint').waitFor();
  });

  it('shows who rejected a job and why', async () => {
    const page = await tabs.open({ ...DESK, extraHTTPHeaders: { 'x-holdpoint-user': 'ada' } });
    await page.goto(urlOf(await waiting()));
    await page.getByLabel('Comment').fill('Two parameters\nneed a longer window.');
    await press(page, 'Reject');
    await page.getByText('Done: rejected').first().waitFor();
    const entry = page.locator('.timeline > li', { hasText: 'via page' });
    expect(await entry.innerText()).toMatch(/ada \(local\) via page[\s\S]*Two parameters\nneed a longer window\./);
    expect(await page.getByRole('alert').innerText()).toContain('Two parameters need a longer window.');
    expect(await page.getByRole('button').count()).toBe(0);
  });

  it('answers a decision on other evidence than it shows now with 409, and appends nothing', async () => {
    const id = await waiting();
    const page = await tabs.open();
    await page.goto(urlOf(id));
    const before = await eventsOf(id);
    await page.evaluate(`document.querySelector('[name=subject_digest]').value = 'sha256:' + '0'.repeat(64)`);
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === 'POST'),
      press(page, 'Approve'),
    ]);
    expect(answer.status()).toBe(409);
    expect(await page.getByRole('alert').innerText()).toContain('What you saw has changed. Nothing was recorded.');
    expect(await heading(page, QUESTION).isVisible()).toBe(true);
    expect(await eventsOf(id)).toEqual(before);
    await press(page, 'Approve');
    await page.getByText('Approved: blueprint').waitFor();
  });

  it('tells a late click what was recorded, and takes no second decision', async () => {
    const id = await waiting();
    const first = await tabs.open({ ...PHONE, javaScriptEnabled: false });
    const [late, opposed] = [await first.context().newPage(), await first.context().newPage()];
    for (const page of [first, late, opposed]) await page.goto(urlOf(id));
    await press(first, 'Approve');
    await first.getByText('Approved: blueprint').waitFor();
    await untilSettled(cloud.web, id, 'runspec');
    const before = await eventsOf(id);
    await press(late, 'Approve');
    await late.getByText('Already decided: approved').waitFor();
    await press(opposed, 'Reject');
    await opposed.getByText('Your decision was not taken').waitFor();
    expect(await opposed.getByText('Already decided: approved', { exact: true }).isVisible()).toBe(true);
    expect(await eventsOf(id)).toEqual(before);
  });

  it('follows what others decide without a click, and keeps a comment somebody writes', async () => {
    const id = await waiting();
    const page = await tabs.open();
    await page.goto(urlOf(id));
    await page.getByLabel('Comment').fill('I am still reading');
    await approve(cloud.web, id, 'blueprint', 'somebody-else');
    await page.getByText('This job moved on. Reload before you decide.').waitFor();
    expect(await page.getByLabel('Comment').inputValue()).toBe('I am still reading');
    expect(await heading(page, QUESTION).isVisible()).toBe(true);
    await untilSettled(cloud.web, id, 'runspec');
    await page.reload();
    await page.getByLabel('Comment').fill('');
    await heading(page, NEXT_QUESTION).waitFor();
    await approve(cloud.web, id, 'runspec', 'somebody-else');
    await expectResult(page);
    expect(await page.getByRole('button').count()).toBe(0);
  });

  it('shows a guarded output with its findings first, and what approving it means', async () => {
    const id = await waiting('idea-guarded');
    const page = await tabs.open(PHONE);
    await page.goto(urlOf(id));
    await heading(page, 'The guard stopped this model output. Use it anyway?').waitFor();
    expect(await page.locator('#job-head').getByText('REPLAY', { exact: true }).isVisible()).toBe(true);
    const decision = await page.locator('#decision').innerText();
    expect(decision).toContain('holdout leakage');
    expect(decision.indexOf('holdout leakage')).toBeLessThan(decision.indexOf('Intent output'));
    expect(await page.getByRole('button', { name: 'Approve' }).getAttribute('aria-describedby')).toBe('on-approve');
    expect(await page.locator('#on-approve').innerText()).toContain('the override is in the log');
    const report = await call(cloud.web, `/jobs/${id}/artifacts/outputs/agents/intent/1/output_guard_report.json`);
    expect(report.body).toMatchObject({ passed: false });
    expect(await overflow(page)).toBe(0);
  });
});
