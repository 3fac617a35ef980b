import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { DESK, describeInBrowser, inlineCode, leavesNothing, overflow, PHONE, startBrowser, type Tabs } from '../support/browser.ts';
import { call, driveToEnd, getJob, startTestCloud, submit, type TestCloud, untilSettled } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

const LONG = 'Antidisestablishmentarianism'.repeat(5);
const HOSTILE = `<script>alert(1)</script><img src=x onerror=alert(2)> [click](javascript:alert(3)) "onmouseover="alert(4) \u202egnp.exe\u202c &lt;b&gt; ${LONG}`;

/** Pages of another site: one posts our decision form, one frames our page. */
const startForeignSite = async (target: () => { page: string; fields: Record<string, string> }): Promise<Server> => {
  const site = createServer((request, response) => {
    const { page, fields } = target();
    const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`);
    const form = `<form method="post" action="${page}/decide">${inputs.join('')}<button>Win a prize</button></form>`;
    response.setHeader('content-type', 'text/html');
    response.end(request.url === '/frame' ? `<iframe src="${page}"></iframe>` : form);
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  return site;
};

describeInBrowser('what the pages let in', () => {
  let cloud: TestCloud;
  let tabs: Tabs;
  let waiting: string;
  let done: string;
  beforeAll(async () => {
    [cloud, tabs] = await Promise.all([startTestCloud(), startBrowser()]);
    const jobs = await Promise.all([submit(cloud.web, sample('idea-trend')), submit(cloud.web, sample('idea-trend', { run: 2 }))]);
    [waiting = '', done = ''] = jobs.map(({ job_id }) => job_id);
    await Promise.all([untilSettled(cloud.web, waiting), driveToEnd(cloud.web, done)]);
  });
  leavesNothing(() => ({ cloud, tabs }));

  const shownOn = async (page: Page, path: string): Promise<string> => {
    await page.goto(cloud.web + path);
    expect(await overflow(page)).toBe(0);
    expect(await inlineCode(page)).toEqual([]);
    return page.getByRole('main').innerText();
  };

  it('no page holds script or style of its own, and each is served with the strict headers', async () => {
    const page = await tabs.open();
    for (const path of [
      '/ui/jobs',
      `/ui/jobs/${waiting}`,
      `/ui/jobs/${done}`,
      '/ui/jobs/ffffffffffff',
      '/ui/approvals',
      '/ui/cassettes',
      '/ui/rollout',
    ]) {
      const answer = await page.goto(cloud.web + path);
      const headers = answer?.headers() ?? {};
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; style-src 'self'; script-src 'self';.*form-action 'self';.*frame-ancestors 'none'$/,
      );
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
      expect(await inlineCode(page)).toEqual([]);
      expect(await page.evaluate<number>('document.styleSheets[0].cssRules.length')).toBeGreaterThan(20);
    }
  });

  it('the policy is what stops a script that got into a page after all', async () => {
    const page = await tabs.open();
    await page.goto(`${cloud.web}/ui/jobs`);
    await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="document.title = 1">')`);
    await expect.poll(() => tabs.problems().join()).toContain('blocked: script-src-attr inline');
    expect(await page.title()).toContain('Jobs');
    tabs.problems();
  });

  it.each([
    ['a phone', 1, PHONE],
    ['a desk', 2, DESK],
  ])('on %s, hostile text is shown as text, and nothing grows beyond the window', async (_, run, screen) => {
    const page = await tabs.open(screen);
    const blueprint = { ...Object(sample('blueprint-breakout')['blueprint']), name: HOSTILE.slice(0, 120), rationale: HOSTILE };
    const written = await submit(
      cloud.web,
      sample('blueprint-breakout', { run, title: HOSTILE.slice(0, 200), blueprint }),
      `m${'m'.repeat(60)}`,
    );
    const asked = await submit(
      cloud.web,
      sample('idea-trend', { run, title: HOSTILE.slice(0, 200), idea: { ...Object(sample('idea-trend')['idea']), hypothesis: HOSTILE } }),
    );
    const [{ job }] = await Promise.all([untilSettled(cloud.web, written.job_id, 'runspec'), untilSettled(cloud.web, asked.job_id)]);
    for (const path of [`/ui/jobs/${written.job_id}`, `/ui/jobs/${asked.job_id}`, '/ui/jobs']) {
      expect(await shownOn(page, path)).toContain(
        '<script>alert(1)</script><img src=x onerror=alert(2)> [click](javascript:alert(3)) "onmouseover=',
      );
      expect(await page.locator('main a:not([href^="/"]):not([href^="#"])').count()).toBe(0);
    }
    expect(await shownOn(page, '/ui/approvals')).toContain('<script>alert(1)</script>');
    await call(cloud.web, `/jobs/${written.job_id}/reject?step=runspec`, {
      body: { subject_digest: job.subject_digest, comment: HOSTILE },
    });
    await untilSettled(cloud.web, written.job_id);
    expect(await shownOn(page, `/ui/jobs/${written.job_id}`)).toContain('[U+202E]gnp.exe[U+202C] &lt;b&gt; Antidis');
  });

  it('a file that a job stored cannot act in our name', async () => {
    const answer = await fetch(`${cloud.web}/jobs/${done}/artifacts/outputs/run/equity.svg`);
    expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/);
    const page = await tabs.open();
    await page.goto(`${cloud.web}/jobs/${done}/artifacts/outputs/run/equity.svg`);
    expect(await page.evaluate<string>('window.origin')).toBe('null');
  });

  it.each(['127.0.0.1', 'localhost'])(
    'a form of another site on %s is refused, its frame stays empty, and nothing changes',
    async (host) => {
      const { job, events } = await getJob(cloud.web, waiting);
      const fields = { step: 'blueprint', subject_digest: job.subject_digest ?? '', choice: 'approve', comment: '' };
      const site = await startForeignSite(() => ({ page: `${cloud.web}/ui/jobs/${waiting}`, fields }));
      try {
        const origin = `http://${host}:${(site.address() as AddressInfo).port}`;
        const page = await tabs.open();
        await page.goto(`${origin}/`);
        const [answer] = await Promise.all([
          page.waitForResponse((response) => response.request().method() === 'POST'),
          page.getByRole('button').click(),
        ]);
        expect(answer.status()).toBe(403);
        await page.getByText('FORBIDDEN', { exact: true }).waitFor();
        expect((await getJob(cloud.web, waiting)).events).toEqual(events);
        tabs.problems();
        await page.goto(`${origin}/frame`);
        expect(await page.frameLocator('iframe').getByRole('button', { name: 'Approve' }).count()).toBe(0);
        expect(tabs.problems().join()).toContain('frame-ancestors');
      } finally {
        site.closeAllConnections();
        site.close();
      }
    },
  );
});
