import { describe, expect, test } from 'vitest';
import { fold } from '../../lib/fold.ts';
import { createWeb } from '../app.ts';
import { SCRIPT } from '../assets/script.ts';
import { emptyMemory, type Memory, memoryDeps, NOW, Story } from '../testing.ts';
import { markdown } from './markdown.ts';

const ID = 'aaaaaaaaaaaa';
const serve = (memory: Memory) => createWeb(memoryDeps(memory));
const get = async (memory: Memory, path: string) => (await serve(memory).request(path, { headers: { accept: 'text/html' } })).text();

const digestOf = (story: Story): string => {
  const state = fold(story.events);
  if (state?.status !== 'WAITING_APPROVAL') throw new Error('does not wait');
  return state.approval.subject_digest;
};

const waiting = (body = '{"fast":50}', memory = emptyMemory()) => {
  const story = new Story(memory, ID).submitted('Trend filter');
  story.waits('blueprint', 'HoldBlueprint', [{ ...story.file('outputs/1/blueprint.json', body), name: 'blueprint' }], 9);
  return { memory, story, digest: digestOf(story) };
};

const form = (fields: Record<string, string>, headers: Record<string, string> = { 'sec-fetch-site': 'same-origin', origin: 'null' }) => ({
  method: 'POST',
  body: new URLSearchParams(fields).toString(),
  headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html', ...headers },
});
const decide = (memory: Memory, fields: Record<string, string>, headers?: Record<string, string>) =>
  serve(memory).request(`/ui/jobs/${ID}/decide`, form(fields, headers));

describe('the result of a job whose gates had a shadow', () => {
  const row = (point: string, deterministic: string, shadow: string | null, problem: string | null = null) => ({
    ...{ decision_id: point, point, deterministic, shadow, problem, agrees: shadow === null ? null : shadow === deterministic },
  });
  const withShadow = (...rows: ReturnType<typeof row>[]): Memory => {
    const memory = emptyMemory();
    const story = new Story(memory, ID).submitted('Trend filter').did('RUN_COMPLETED', 'Run', [], {}, 9);
    const compared = rows.filter(({ agrees }) => agrees !== null).length;
    const agreed = rows.filter(({ agrees }) => agrees).length;
    const counts = { decisions: rows.length, compared, agreed, agreement: compared === 0 ? null : agreed / compared };
    const report = { schema_version: 'shadow_report_v1', ...counts, by_point: {}, rows, unmatched: [] };
    const file = story.file('outputs/shadow/1/shadow_report.json', JSON.stringify(report));
    story.did(
      'REPORT_COMPLETED',
      'Report',
      [file],
      { gates: 'passed', calls: [{ role: 'shadow', degraded: true, response_source: 'replay' }] },
      5,
    );
    return memory;
  };

  test('says in one line how often it agreed, and where not', async () => {
    const page = await get(
      withShadow(
        row('gates', 'passed', 'failed'),
        row('gates/cost_stress', 'passed', 'failed'),
        row('gates/min_trades', 'passed', 'passed'),
      ),
      `/ui/jobs/${ID}`,
    );
    expect(page).toContain(
      'Shadow: a model would have decided 1 of 3 as the gates did, but not the verdict, cost stress. It changes nothing.',
    );
    expect(page).toContain(`href="/ui/jobs/${ID}/artifacts/outputs/shadow/1/shadow_report.json"`);
    expect(page).not.toContain('DEGRADED');
  });

  test('says why there is no answer, which is no error', async () => {
    const page = await get(withShadow(row('gates', 'passed', null, 'no cassette for shadow/9f2c')), `/ui/jobs/${ID}`);
    expect(page).toContain('Shadow: no answer (no cassette for shadow/9f2c). It changes nothing.');
  });

  test('is silent where nobody was asked', async () => {
    const memory = emptyMemory();
    new Story(memory, ID).submitted('Trend filter').did('RUN_COMPLETED', 'Run', [], {}, 9);
    expect(await get(memory, `/ui/jobs/${ID}`)).not.toContain('Shadow');
  });
});

describe('decision page', () => {
  test('asks one question, shows the evidence, says what follows, and puts the safe answer first', async () => {
    const { memory, digest } = waiting();
    const page = await get(memory, `/ui/jobs/${ID}`);
    expect(page).toContain('Is this the strategy we want to test?');
    expect(page).toContain(`name="subject_digest" value="${digest}"`);
    expect(page).toContain('The blueprint is compiled into a run specification');
    expect(page.indexOf('value="reject"')).toBeLessThan(page.indexOf('value="approve"'));
    expect(page).toContain('>REPLAY<');
  });

  test('a decision is recorded once and confirmed from the log', async () => {
    const { memory, story, digest } = waiting();
    const answer = await decide(memory, { step: 'blueprint', subject_digest: digest, choice: 'approve', comment: ' Fine.\r\nGo ' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `/ui/jobs/${ID}?decided=3`]);
    expect(story.events.at(-1)).toMatchObject({ event_type: 'APPROVED', message: 'Fine.\nGo', outputs: { channel: 'page' } });
    expect(await get(memory, `/ui/jobs/${ID}?decided=3`)).toContain('Approved: blueprint');
  });

  test('a confirmation cannot be forged by an address', async () => {
    const { memory } = waiting();
    for (const query of ['decided=1', 'decided=2', 'decided=99', 'decided=x'])
      expect(await get(memory, `/ui/jobs/${ID}?${query}`)).not.toContain('role="status"><p><strong>');
  });

  test('a stale page is answered with the new evidence, and nothing is recorded', async () => {
    const { memory, story, digest } = waiting();
    const seen = `sha256:${'0'.repeat(64)}`;
    const answer = await decide(memory, { step: 'blueprint', subject_digest: seen, choice: 'approve' });
    const page = await answer.text();
    expect(answer.status).toBe(409);
    expect(page).toContain('What you saw has changed');
    expect(page).toContain(`name="subject_digest" value="${digest}"`);
    expect(story.events).toHaveLength(2);
  });

  test('the later of two approvers is shown the outcome', async () => {
    const { memory, story, digest } = waiting();
    story.decided('REJECTED', 'too short', 1);
    const answer = await decide(memory, { step: 'blueprint', subject_digest: digest, choice: 'approve' });
    const page = await answer.text();
    expect(answer.status).toBe(409);
    expect(page).toContain('Already decided: rejected');
    expect(story.events).toHaveLength(3);
  });

  test('a post that cannot prove where it comes from is refused', async () => {
    const { memory, story, digest } = waiting();
    const fields = { step: 'blueprint', subject_digest: digest, choice: 'approve' };
    for (const headers of [{ 'x-none': '1' }, { origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      expect((await decide(memory, fields, headers)).status).toBe(403);
    }
    expect(story.events).toHaveLength(2);
  });

  test('evidence that is not what the log names cannot be approved', async () => {
    const { memory, story } = waiting();
    story.file('outputs/1/blueprint.json', '{"fast":1}');
    const page = await get(memory, `/ui/jobs/${ID}`);
    expect(page).toContain('This file is not the one in the log');
    expect(page).not.toContain('value="approve"');
    expect(page).toContain('value="reject"');
  });

  test('asked again, it shows what changed', async () => {
    const { memory, story } = waiting();
    story.decided('REVISION_REQUESTED', 'faster', 8);
    story.waits('blueprint', 'HoldBlueprint', [{ ...story.file('outputs/2/blueprint.json', '{"fast":20}'), name: 'blueprint' }], 7, 2);
    const page = await get(memory, `/ui/jobs/${ID}`);
    expect(page).toContain('1 value changed since it was asked before');
    expect(page).toContain('<del>50</del>');
    expect(page).toContain('<ins>20</ins>');
  });

  test('a refused field is a page that names it', async () => {
    const { memory, digest } = waiting();
    const answer = await decide(memory, { step: 'blueprint', subject_digest: digest, choice: 'shrug' });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('/choice');
  });
});

describe('hostile data', () => {
  const evil = `<script>alert("x")</script><img src=x onerror=alert(1)> [go](javascript:alert(1)) \u202egnp.exe ${'W'.repeat(10_000)}`;

  test('stays text everywhere, and the page small', async () => {
    const memory = emptyMemory();
    const story = new Story(memory, ID).submitted(evil);
    const body = JSON.stringify({ name: evil, rationale: evil, [`<b>${evil.slice(0, 40)}`]: evil });
    story.file('job_spec.json', JSON.stringify({ title: evil, idea: { hypothesis: evil } }));
    story.waits('blueprint', 'HoldBlueprint', [{ ...story.file('outputs/1/blueprint.json', body), name: 'blueprint' }], 9);
    for (const path of ['/ui/jobs', '/ui/approvals', `/ui/jobs/${ID}`]) {
      const page = await get(memory, path);
      expect(page).not.toMatch(/<script>|<img src=x|<b>|href="javascript/i);
      expect(page).not.toContain('\u202e');
      expect(page).not.toMatch(/ style=/);
      expect(page.length).toBeLessThan(60_000);
    }
  });

  test('a long history stays under the size of a page', async () => {
    const { memory, story } = waiting();
    for (let i = 0; i < 400; i++)
      story.did('RUN_COMPLETED', 'Run', [story.file(`outputs/run/file-${i}.json`, '{}')], { message: evil.slice(0, 3000) }, 1);
    const page = await get(memory, `/ui/jobs/${ID}`);
    expect(page.length).toBeLessThan(100_000);
    expect(page).toContain('earlier events');
  });

  test('Markdown of a model is inert', () => {
    const out = String(
      markdown(
        '# <script>\n\n[x](javascript:alert(1)) ![y](http://evil/z.png)\n\n<iframe src=x>\n\n- **bold** `code`\n\n| a | b |\n| - | -: |\n| <b> | 1 |',
      ),
    );
    expect(out).not.toMatch(/<(script|iframe|b|a|img)\b/);
    expect(out).toContain('<h3>&lt;script&gt;</h3>');
    expect(out).toContain('<strong>bold</strong>');
    expect(out).toContain('<td class="num">1</td>');
  });

  test('escapes that writers of reports use come out as the character', () => {
    expect(String(markdown('a \\*b\\* &lt;c&gt; \\| **d\\*e**'))).toContain('a *b* &lt;c&gt; | <strong>d*e</strong>');
  });
});

describe('lists', () => {
  test('no jobs: the page says how to make one; no hits: how to get back', async () => {
    expect(await get(emptyMemory(), '/ui/jobs')).toContain('holdpoint -- submit');
    expect(await get(emptyMemory(), '/ui/jobs?q=zzz')).toContain('No job fits');
    expect(await get(emptyMemory(), '/ui/approvals')).toContain('Nothing waits');
    expect(await get(emptyMemory(), '/ui/cassettes')).toContain('No recorded answers');
  });

  test('the filter keeps what was asked', async () => {
    const { memory } = waiting();
    const page = await get(memory, '/ui/jobs?status=WAITING_APPROVAL&q=trend');
    expect(page).toContain('value="trend"');
    expect(page).toContain('value="WAITING_APPROVAL" selected');
    expect(page).toContain('Trend filter');
  });
});

test('a page follows its job until the job is done', async () => {
  const { memory, story } = waiting();
  expect(await get(memory, `/ui/jobs/${ID}`)).toContain(`data-stream="/ui/jobs/${ID}/events/stream?after=2"`);
  story.decided('REJECTED', null, 1).did('DONE', 'Stop', [], { status: 'rejected' }, 0);
  expect(await get(memory, `/ui/jobs/${ID}`)).not.toContain('data-stream');
});

test('times are relative to read and exact to check', async () => {
  const { memory } = waiting();
  const at = new Date(NOW.getTime() - 9 * 60_000).toISOString();
  expect(await get(memory, `/ui/jobs/${ID}`)).toContain(`<time datetime="${at}" title="2026-01-10 11:51:00 UTC">`);
});

test('the script is small', () => {
  expect(SCRIPT.length).toBeLessThan(3000);
});
