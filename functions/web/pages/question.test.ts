import { describe, expect, test } from 'vitest';
import { createWeb } from '../app.ts';
import { emptyMemory, memoryDeps, Story } from '../testing.ts';

const ID = 'aaaaaaaaaaaa';
const SAME_SITE = { 'sec-fetch-site': 'same-origin', origin: 'null' };

const asking = (question = 'Which index?') => {
  const memory = emptyMemory();
  const story = new Story(memory, ID).submitted('Trend filter');
  const output = { ...story.file('outputs/agents/intent/1/output.json', '{"text":"?"}'), name: 'intent_output' };
  story.waits('intent', 'HoldIntentQuestion', [output], 9, 1, { question });
  const app = createWeb(memoryDeps(memory));
  const get = async (path: string) => (await app.request(path, { headers: { accept: 'text/html' } })).text();
  const answer = (fields: Record<string, string>, headers: Record<string, string> = SAME_SITE) =>
    app.request(`/ui/jobs/${ID}/resume`, {
      method: 'POST',
      body: new URLSearchParams({ step: 'intent', ...fields }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html', ...headers },
    });
  return { memory, story, get, answer };
};

describe('the page of a job that nobody works on', () => {
  test('says why, offers to continue or to stop it, and shows the job where it was', async () => {
    const memory = emptyMemory();
    const story = new Story(memory, ID).submitted('Trend filter');
    story.waits('watchdog', 'Watchdog', [], 9, 1, { question: 'Execution r1 is ABORTED. Continue the job from its log, or stop it?' });
    const app = createWeb(memoryDeps(memory));
    const page = await (await app.request(`/ui/jobs/${ID}`, { headers: { accept: 'text/html' } })).text();
    expect(page).toContain('Nobody works on this job any more');
    expect(page).toContain('Execution r1 is ABORTED.');
    for (const answer of ['continue', 'stop']) expect(page).toContain(`name="answer" value="${answer}"`);
    expect(page).not.toContain('<textarea id="answer"');
    expect(page).toContain('where the job is');
  });

  test('offers neither to whoever does not run the environment, and says whom to ask', async () => {
    const memory = emptyMemory();
    new Story(memory, ID).submitted('Trend filter').waits('watchdog', 'Watchdog', [], 9, 1, { question: 'Continue, or stop?' });
    const operators = { named: { people: ['olga'], groups: [] }, includes: () => false };
    const app = createWeb(memoryDeps(memory, { operators }));
    const page = await (await app.request(`/ui/jobs/${ID}`, { headers: { accept: 'text/html' } })).text();
    expect(page).not.toContain('value="continue"');
    expect(page).toMatch(/Only operators can continue or stop this job.*ask <bdi>olga/);
  });
});

describe('the page of a job that asks a question', () => {
  test('shows the question, a box for the answer, and what the answer leads to', async () => {
    const { get } = asking();
    const page = await get(`/ui/jobs/${ID}`);
    expect(page).toContain('<bdi>Which index?</bdi></blockquote>');
    expect(page).toContain(`action="/ui/jobs/${ID}/resume"`);
    expect(page).toContain('name="answer"');
    expect(page).toContain('The agent drafts again with your answer');
    expect(page).toContain('Hold intent question: where the job is');
  });

  test('the question is listed with what waits', async () => {
    const { get } = asking();
    expect(await get('/ui/approvals')).toContain(`<a href="/ui/jobs/${ID}#decision"><strong><bdi>Which index?</bdi>`);
  });

  test('an answer is recorded once and confirmed from the log', async () => {
    const { story, get, answer } = asking();
    const first = await answer({ answer: ' SPX,\r\nplease ' });
    expect([first.status, first.headers.get('location')]).toEqual([303, `/ui/jobs/${ID}?decided=3`]);
    expect(story.events.at(-1)).toMatchObject({ event_type: 'RESUMED', message: 'SPX,\nplease', outputs: { channel: 'page' } });
    expect((await answer({ answer: 'SPX,\nplease' })).headers.get('location')).toBe(`/ui/jobs/${ID}?decided=3&late=1`);
    expect(story.events).toHaveLength(3);
    const page = await get(`/ui/jobs/${ID}?decided=3`);
    expect(page).toContain('Answered: intent');
    expect(page).toContain('class="now">Intent<');
  });

  test('who answers later otherwise is shown that it was answered', async () => {
    const { story, answer } = asking();
    await answer({ answer: 'SPX' });
    const late = await answer({ answer: 'NDX' });
    const page = await late.text();
    expect(late.status).toBe(409);
    expect(page).toContain('Your answer was not taken');
    expect(page).toContain('Already decided: answered');
    expect(story.events).toHaveLength(3);
  });

  test('a post that cannot prove where it comes from, or says nothing, is refused', async () => {
    const { story, answer } = asking();
    for (const headers of [{ 'x-none': '1' }, { origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }])
      expect((await answer({ answer: 'SPX' }, headers)).status).toBe(403);
    expect((await answer({ answer: '  ' })).status).toBe(400);
    expect((await answer({ answer: 'x', step: 'blueprint' })).status).toBe(400);
    expect(story.events).toHaveLength(2);
  });

  test('a question of a model is text, whatever it says', async () => {
    const { get } = asking('<script>alert(1)</script> \u202egnp.exe');
    for (const path of [`/ui/jobs/${ID}`, '/ui/approvals']) {
      const page = await get(path);
      expect(page).not.toContain('<script>alert');
      expect(page).not.toContain('\u202e');
    }
  });
});
