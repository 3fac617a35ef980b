import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServiceMetrics } from '../../../contracts/metrics.ts';
import { createWeb } from '../app.ts';
import { emptyMemory, type Memory, memoryDeps, Story } from '../testing.ts';
import { tickStep } from './bar-chart.ts';

const get = async (memory: Memory) =>
  (await createWeb(memoryDeps(memory)).request('/ui/metrics', { headers: { accept: 'text/html' } })).text();

describe('the metrics page', () => {
  test('without jobs says that there is nothing to measure, and draws nothing', async () => {
    const page = await get(emptyMemory());
    expect(page).toContain('Nothing to measure yet');
    expect(page).not.toContain('<svg class="chart"');
  });

  test('plots jobs by state and outcome and waits by age, with units and the same numbers as a table', async () => {
    const memory = emptyMemory();
    const story = new Story(memory, 'aaaaaaaaaaaa').submitted('Waits', 'idea', 600);
    story.waits('blueprint', 'HoldBlueprint', [{ ...story.file('b.json', '{}'), name: 'blueprint' }], 300);
    new Story(memory, 'bbbbbbbbbbbb').submitted('Ended').did('DONE', 'Finish', [], { status: 'succeeded' }, 1);
    const page = await get(memory);
    expect(page).toContain('Jobs by state, in jobs: running 0, wait for approval 1, wait for an answer 0, done 1');
    expect(page).toContain('Finished jobs by outcome, in jobs: succeeded 1');
    expect(page).toContain('4 h to 1 d 1');
    expect(page).toContain('<th scope="row">succeeded</th><td class="num">1</td>');
    const { waiting } = ServiceMetrics.parse(await (await createWeb(memoryDeps(memory)).request('/metrics')).json());
    expect(waiting.oldest_s).toBe(300 * 60);
  });

  test('counts how often a model would have decided as the gates did, over all jobs that asked one', async () => {
    const memory = emptyMemory();
    for (const [id, agreed] of [['aaaaaaaaaaaa', 7] as const, ['bbbbbbbbbbbb', 4] as const])
      new Story(memory, id)
        .submitted('Shadowed')
        .did('REPORT_COMPLETED', 'Report', [], { shadow: { decisions: 7, compared: 7, agreed } }, 1);
    new Story(memory, 'cccccccccccc').submitted('Without');
    const web = createWeb(memoryDeps(memory));
    const metrics = ServiceMetrics.parse(await (await web.request('/metrics')).json());
    expect(metrics).toMatchObject({ shadow_compared: 14, shadow_agreement: 11 / 14 });
    expect(await get(memory)).toContain('78.6 %');
    const text = await (await web.request('/metrics', { headers: { accept: 'text/plain' } })).text();
    expect(text).toContain(`holdpoint_shadow_agreement ${11 / 14}\n`);
  });

  test('what has no data says so instead of zero', async () => {
    const memory = emptyMemory();
    new Story(memory, 'aaaaaaaaaaaa').submitted('Runs');
    const page = await get(memory);
    expect(page).toContain('No job has finished yet.');
    expect(page).toContain('Nothing waits for a person.');
    expect(page).toContain('<dt>Mean time to done</dt><dd><span class="quiet">no data</span>');
  });
});

test('an axis has at most five parts, of round whole steps', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), (max) => {
      const step = tickStep(max);
      expect(Number.isInteger(step) && /^[125]0*$/.test(String(step))).toBe(true);
      expect(Math.ceil(max / step)).toBeLessThanOrEqual(5);
    }),
  );
});
