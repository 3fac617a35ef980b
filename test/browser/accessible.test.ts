import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { DESK, describeInBrowser, inlineCode, overflow, PHONE, startBrowser, type Tabs } from '../support/browser.ts';
import { call, driveToEnd, startTestCloud, submit, type TestCloud, untilSettled } from '../support/cloud.ts';
import { BRISK, rolloutOf } from '../support/journeys/rollout.ts';
import { setFlag } from '../support/journeys/steps.ts';
import { sample } from '../support/specs.ts';

// Every rule at both widths; in the dark those that colours decide.
const COLOURS = ['color-contrast', 'link-in-text-block'];
const SCREENS = [
  { width: 390, colorScheme: 'light' },
  { width: 390, colorScheme: 'dark', runOnly: COLOURS },
  { width: 1440, colorScheme: 'dark', runOnly: COLOURS },
  { width: 1440, colorScheme: 'light' },
] as const;

const run = (options: object) => `axe.run({ resultTypes: ['violations'], ...${JSON.stringify(options)} })
  .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ': ' + node.target + ' ' + node.failureSummary)))`;

describeInBrowser('axe finds nothing, light and dark, on a phone and a desk', () => {
  let cloud: TestCloud;
  let tabs: Tabs;
  let page: Page;
  const jobs: Record<string, string> = {};
  beforeAll(async () => {
    [cloud, tabs] = await Promise.all([startTestCloud({ environment: BRISK }), startBrowser()]);
    page = await tabs.open();
  });
  afterAll(async () => {
    await tabs.close();
    await cloud.remove();
  });
  afterEach(() => expect(tabs.problems()).toEqual([]));

  const violations = async (path: string): Promise<string[]> => {
    await page.goto(cloud.web + path);
    await page.evaluate(axe.source);
    const found: string[] = [];
    for (const { width, colorScheme, ...rules } of SCREENS) {
      await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
      await page.emulateMedia({ colorScheme });
      found.push(...(await page.evaluate<string[]>(run(rules))).map((violation) => `${width} ${colorScheme} ${violation}`));
    }
    return found;
  };

  it.each(['/ui/jobs', '/ui/approvals', '/ui/jobs/ffffffffffff', '/ui/cassettes', '/ui/rollout'])(
    'on %s before there is any job',
    async (path) => {
      expect(await violations(path)).toEqual([]);
    },
  );

  it('makes jobs that wait, are guarded, rejected, failed and done', async () => {
    const specs = { waiting: 'idea-trend', guarded: 'idea-guarded', rejected: 'idea-trend', failed: 'idea-reversal', done: 'idea-trend' };
    for (const [run, [name, spec]] of Object.entries(specs).entries())
      jobs[name] = (await submit(cloud.web, sample(spec, { run: run + 1 }))).job_id;
    const { job } = await untilSettled(cloud.web, jobs['rejected'] ?? '', 'blueprint');
    await call(cloud.web, `/jobs/${job.job_id}/reject?step=blueprint`, {
      body: { subject_digest: job.subject_digest, comment: 'too simple' },
    });
    await Promise.all([driveToEnd(cloud.web, jobs['done'] ?? ''), driveToEnd(cloud.web, jobs['failed'] ?? '')]);
    for (const id of Object.values(jobs)) await untilSettled(cloud.web, id);
  });

  it.each(['waiting', 'guarded', 'rejected', 'failed', 'done'])('on the page of a job that is %s', async (name) => {
    expect(await violations(`/ui/jobs/${jobs[name]}`)).toEqual([]);
  });

  it.each(['/ui/jobs', '/ui/approvals'])('on %s with jobs', async (path) => {
    expect(await violations(path)).toEqual([]);
  });

  it('on the pages of a rollout that waits, and of one that went back', async () => {
    await setFlag(cloud.web, 'test_runner_enabled');
    const back = await submit(cloud.web, rolloutOf({ kind: 'features' }, 1, 'idea-momentum'));
    const waits = await submit(cloud.web, rolloutOf({ kind: 'features' }, 1));
    await Promise.all([untilSettled(cloud.web, back.job_id), untilSettled(cloud.web, waits.job_id, 'stage_1')]);
    const paths = [`/ui/rollout?job=${back.job_id}`, '/ui/rollout', `/ui/jobs/${waits.job_id}`];
    for (const path of paths) expect(await violations(path)).toEqual([]);
    for (const screen of [PHONE, DESK])
      for (const path of paths) {
        const tab = await tabs.open(screen);
        await tab.goto(cloud.web + path);
        expect([path, await overflow(tab), await inlineCode(tab)]).toEqual([path, 0, []]);
        await tab.close();
      }
  });

  it('on the answer to a decision', async () => {
    const { events } = await driveToEnd(cloud.web, jobs['done'] ?? '');
    const approved = events.findLast((event) => event.event_type === 'APPROVED')?.seq;
    expect(await violations(`/ui/jobs/${jobs['done']}?decided=${approved}&late=1`)).toEqual([]);
  });
});
