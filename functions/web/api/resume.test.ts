import { describe, expect, test } from 'vitest';
import { DecisionView, Problem } from '../../../contracts/http.ts';
import { createWeb } from '../app.ts';
import { emptyMemory, memoryDeps, Story } from '../testing.ts';

const ID = 'aaaaaaaaaaaa';

const asking = () => {
  const memory = emptyMemory();
  const story = new Story(memory, ID).submitted('Trend filter');
  story.waits('intent', 'HoldIntentQuestion', [], 9, 1, { question: 'Which index?' });
  const app = createWeb(memoryDeps(memory));
  const resume = (body: unknown, headers: Record<string, string> = {}) =>
    app.request(`/jobs/${ID}/resume`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  return { story, resume };
};

const problem = async (answer: Response): Promise<[number, string]> => [answer.status, Problem.parse(await answer.json()).code];

describe('resume', () => {
  test('an answer is one event, and the same answer again is told so, whoever repeats it', async () => {
    const { story, resume } = asking();
    const first = DecisionView.parse(await (await resume({ step: 'intent', answer: ' SPX ' })).json());
    expect(first).toMatchObject({ already_decided: false, decision: { event_type: 'RESUMED', step: 'intent', by: 'bob', comment: 'SPX' } });
    const again = await resume({ step: 'intent', answer: 'SPX' }, { 'x-holdpoint-user': 'carol' });
    expect([again.status, await again.json()]).toEqual([200, { ...first, already_decided: true }]);
    expect(story.events.filter((event) => event.event_type === 'RESUMED')).toHaveLength(1);
  });

  test('another answer than the one on record is refused', async () => {
    const { resume } = asking();
    await resume({ step: 'intent', answer: 'SPX' });
    expect(await problem(await resume({ step: 'intent', answer: 'NDX' }))).toEqual([409, 'DECISION_CONFLICT']);
  });

  test.each([
    ['a step that asks nothing', { step: 'blueprint', answer: 'x' }, 400, 'UNKNOWN_STEP'],
    ['no step', { answer: 'x' }, 400, 'INVALID_INPUT'],
    ['an empty answer', { step: 'intent', answer: ' \n ' }, 400, 'INVALID_INPUT'],
    ['an answer that is too long', { step: 'intent', answer: 'x'.repeat(4001) }, 400, 'INVALID_INPUT'],
    ['an unknown member', { step: 'intent', answer: 'x', subject_digest: 'y' }, 400, 'INVALID_INPUT'],
  ])('%s is refused and writes nothing', async (_, body, status, code) => {
    const { story, resume } = asking();
    expect(await problem(await resume(body))).toEqual([status, code]);
    expect(story.events).toHaveLength(2);
  });

  test('a job that asks nothing is not resumed', async () => {
    const memory = emptyMemory();
    new Story(memory, ID).submitted('Trend filter');
    const answer = await createWeb(memoryDeps(memory)).request(`/jobs/${ID}/resume`, {
      method: 'POST',
      body: JSON.stringify({ step: 'intent', answer: 'x' }),
      headers: { 'content-type': 'application/json' },
    });
    expect(await problem(answer)).toEqual([409, 'NOT_WAITING']);
  });

  test('the log says when the command line answered', async () => {
    const { story, resume } = asking();
    await resume({ step: 'intent', answer: 'SPX' }, { 'user-agent': 'holdpoint-cli/1' });
    expect(story.events.at(-1)?.outputs).toMatchObject({ channel: 'cli' });
  });
});
