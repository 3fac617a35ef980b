import { existsSync } from 'node:fs';
import process from 'node:process';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, describe, expect } from 'vitest';
import type { TestCloud } from './cloud.ts';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const executablePath = PLACES.find((path) => existsSync(path));
if (executablePath === undefined) {
  const missing = `no Chromium at ${PLACES.join(', ')}; install it (Debian: apt-get install chromium)`;
  if (process.env['CI'] === 'true') throw new Error(missing);
  process.stderr.write(`browser tests are skipped: ${missing}\n`);
}

/** `describe` where there is a browser. Without one the tests are skipped with a printed reason, and fail under CI=true. */
export const describeInBrowser = executablePath === undefined ? describe.skip : describe;

export const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 1 };
export const DESK: BrowserContextOptions = { viewport: { width: 1440, height: 900 } };

export type Tabs = {
  /** A page in a profile of its own. */
  open(options?: BrowserContextOptions): Promise<Page>;
  /** What went wrong in any page since last asked: script errors, blocked content, dialogs, failed loads. */
  problems(): string[];
  /** An open page goes on asking for events. */
  closePages(): Promise<void>;
  close(): Promise<void>;
};

// A page's own status (409, say) is what a test asks for; everything it loads has to be there.
const listen = (page: Page, found: string[]): void => {
  page.on('pageerror', (error) => found.push(`script error: ${error.message}`));
  page.on('dialog', (dialog) => {
    found.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return;
    const ownStatus = message.text().startsWith('Failed to load resource') && message.location().url === page.url();
    if (!ownStatus) found.push(`${message.type()}: ${message.text()}`);
  });
};

const REPORT_CSP = `addEventListener('securitypolicyviolation', (e) => console.error('blocked: ' + e.violatedDirective + ' ' + e.blockedURI))`;

/** One browser; each page it opens is watched for anything that a visitor would not expect. */
export const startBrowser = async (): Promise<Tabs> => {
  const browser: Browser = await chromium.launch({ ...(executablePath === undefined ? {} : { executablePath }), args: FLAGS });
  const found: string[] = [];
  return {
    open: async (options = DESK) => {
      const context = await browser.newContext(options);
      await context.addInitScript(REPORT_CSP);
      const page = await context.newPage();
      page.setDefaultTimeout(20_000);
      listen(page, found);
      return page;
    },
    problems: () => found.splice(0),
    closePages: async () => void (await Promise.all(browser.contexts().map((context) => context.close()))),
    close: () => browser.close(),
  };
};

/** After each test its pages close, and nothing may have gone wrong in any of them; after the last, browser and cloud go. */
export const leavesNothing = (used: () => { cloud: TestCloud; tabs: Tabs }): void => {
  afterAll(async () => {
    const { cloud, tabs } = used();
    await tabs.close();
    await cloud.remove();
  });
  afterEach(async () => {
    const { tabs } = used();
    await tabs.closePages();
    expect(tabs.problems()).toEqual([]);
  });
};

/** Pixels by which the page is wider than its window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');

/** Scripts, styles and handlers that stand in the document itself. */
export const inlineCode = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(
    `[...document.querySelectorAll('*')].filter((e) => e.matches('style, [style], script:not([src])') || [...e.attributes].some((a) => /^on/i.test(a.name) || /^\\s*javascript:/i.test(a.value))).map((e) => e.outerHTML.slice(0, 120))`,
  );
