import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JOB_FLOW } from '../../../contracts/flow.ts';
import machine from '../../../statemachines/job.asl.json' with { type: 'json' };
import { fold } from '../../lib/fold.ts';
import { ALICE, emptyMemory, NOW, Story } from '../testing.ts';
import { yearly } from './csv.ts';
import { diffJson } from './diff.ts';
import { flowMap } from './flow-map.ts';
import { metricsOf, prometheus, queueOf } from './metrics.ts';
import { progress } from './progress.ts';
import { readable } from './readable.ts';
import { frame } from './sse.ts';
import { clip, duration, figure, relative, visible } from './text.ts';
import { entryOf } from './timeline.ts';

const map = flowMap(machine);

describe('map', () => {
  test('every Task of the machine is a row, each once', () => {
    const tasks = Object.entries(machine.States).filter(([, state]) => state.Type === 'Task');
    expect(map.nodes.map((node) => node.name).toSorted()).toEqual(tasks.map(([name]) => name).toSorted());
  });

  test('the main line follows the defaults, and what branches off lies below its source', () => {
    const line = map.nodes.filter((node) => !node.side).map((node) => node.name);
    expect(line).toEqual([
      'Intake',
      'ConfirmLive',
      'Intent',
      'HoldBlueprint',
      'Compile',
      'HoldRunspec',
      'Run',
      'Gates',
      'Registry',
      'Report',
      'Finish',
    ]);
    const names = map.nodes.map((node) => node.name);
    const behindIntent = names.slice(names.indexOf('Intent') + 1, names.indexOf('HoldBlueprint'));
    expect(behindIntent.toSorted()).toEqual(['HoldIntentBudget', 'HoldIntentOutput', 'HoldIntentQuestion']);
    expect(names.at(-1)).toBe('Stop');
  });

  test('holds are the states that ask a step', () => {
    const holds = map.nodes.flatMap((node) => (node.step === null ? [] : [[node.name, node.step]]));
    const declared = Object.entries(JOB_FLOW).flatMap(([name, flow]) => ('step' in flow ? [[name, flow.step]] : []));
    expect(holds.toSorted()).toEqual(declared.toSorted());
  });

  test('no two jumps share a lane where they overlap', () => {
    for (const a of map.jumps)
      for (const b of map.jumps) {
        if (a === b || a.lane !== b.lane) continue;
        const [low, high] = [
          Math.max(Math.min(a.from, a.to), Math.min(b.from, b.to)),
          Math.min(Math.max(a.from, a.to), Math.max(b.from, b.to)),
        ];
        expect(low).toBeGreaterThanOrEqual(high);
      }
  });

  test('a machine that names a state it does not have is refused', () => {
    expect(() => flowMap({ StartAt: 'A', States: { A: { Type: 'Task', Next: 'B' } } })).toThrow('"B"');
  });
});

describe('progress', () => {
  const at = (story: Story) => {
    const state = fold(story.events);
    if (!state) throw new Error('no job');
    return progress(map, state, story.events);
  };
  const story = (kind: 'idea' | 'blueprint' = 'idea') => new Story(emptyMemory(), 'aaaaaaaaaaaa').submitted('t', kind);

  test('an idea goes on to the live confirm, a blueprint to the compiler', () => {
    expect(at(story()).current).toBe('ConfirmLive');
    expect(at(story('blueprint')).current).toBe('Compile');
  });

  test('a waiting job is at its hold, a decided one at what follows, a revised one where the work goes', () => {
    const waiting = story().did('BLUEPRINT_PROPOSED', 'Intent', [], {}, 50);
    expect(at(waiting).current).toBe('HoldBlueprint');
    waiting.waits('blueprint', 'HoldBlueprint', [], 40);
    expect(at(waiting).current).toBe('HoldBlueprint');
    expect(at(waiting.decided('REVISION_REQUESTED', 'again', 30)).current).toBe('Intent');
  });

  test('a job that asks is at the hold that asks, and an answered one at its agent', () => {
    const asks = story().waits('intent', 'HoldIntentQuestion', [], 40, 1, { question: 'Which?' });
    expect(at(asks).current).toBe('HoldIntentQuestion');
    expect(at(asks).passed.has('Intent')).toBe(true);
    const outputs = { state: 'HoldIntentQuestion', visit: 1, subject_digest: `sha256:${'0'.repeat(64)}` };
    expect(at(asks.add({ event_type: 'RESUMED', state: 'HoldIntentQuestion', step: 'intent', actor: ALICE, outputs }, 30)).current).toBe(
      'Intent',
    );
  });

  test('a hold behind a stopped output shows that its agent ran', () => {
    const stopped = story().waits('agent_output_invalid', 'HoldIntentOutput', [], 40);
    expect(at(stopped).passed.has('Intent')).toBe(true);
    expect(at(stopped).current).toBe('HoldIntentOutput');
  });

  test('a job that ended badly stands at Stop', () => {
    const ended = story().did('DONE', 'Stop', [], { status: 'cancelled' }, 10);
    expect(at(ended).current).toBe('Stop');
  });
});

describe('diff', () => {
  test('a document does not differ from itself, and a change is found at its pointer', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(diffJson(value, structuredClone(value))).toEqual([]);
      }),
    );
    expect(diffJson({ a: { 'x/y': 1 }, b: [1] }, { a: { 'x/y': 2 }, b: [1, 2] })).toEqual([
      { pointer: '/a/x~1y', before: 1, after: 2 },
      { pointer: '/b/1', before: undefined, after: 2 },
    ]);
  });
});

describe('text', () => {
  test('nothing that turns or hides text survives', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visible(text)).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\u0000-\u0008]/);
      }),
    );
    expect(visible('gnp\u202eexe')).toBe('gnp[U+202E]exe');
  });

  test('clipping never leaves half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 20 }), (text, max) => {
        expect(clip(text, max).isWellFormed()).toBe(true);
      }),
    );
  });

  test('durations and figures read as people write them', () => {
    expect([duration(42), duration(200), duration(7200), duration(86400 * 9)]).toEqual(['42\u00a0s', '3\u00a0min', '2\u00a0h', '9\u00a0d']);
    expect(relative('2026-01-10T11:57:00.000Z', NOW)).toBe('3\u00a0min ago');
    expect([figure(1234567), figure(-0.63981), figure(5), figure(0.0000012)]).toEqual(['1,234,567', '−0.6398', '5', '1.20e-6']);
  });
});

describe('readable', () => {
  test('any JSON becomes blocks, and verdicts get their tone', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(readable(value).length).toBeLessThan(200);
      }),
    );
    expect(readable({ passed: false })).toEqual([
      { kind: 'fields', fields: [{ label: 'passed', cell: { text: 'failed', number: false, tone: 'bad' } }] },
    ]);
  });

  test('evidence that is cut says so', () => {
    const many = Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`k${i}`, i]));
    expect(JSON.stringify(readable(many))).toContain('10 more fields are in the file');
    expect(JSON.stringify(readable({ rationale: 'x'.repeat(4500) }))).toContain('500 more characters are in the file');
  });

  test('findings are a table with the rule first', () => {
    const [block] = readable({ findings: [{ message: 'm', pointer: '/p', rule: 'schema' }] });
    expect(block).toMatchObject({ kind: 'table', columns: ['rule', 'message', 'pointer'] });
  });

  test('objects of one shape are columns side by side', () => {
    const side = (n: number) => ({ a: n, b: n, c: n, d: n, e: n });
    expect(readable({ windows: { train: side(1), test: side(2) } })).toMatchObject([
      { kind: 'table', columns: ['train', 'test'], rows: [{ head: 'a' }, {}, {}, {}, {}] },
    ]);
  });
});

describe('timeline', () => {
  test('a replayed answer that stands in for a failed provider is labelled on its event', () => {
    const [, event] = new Story(emptyMemory(), 'aaaaaaaaaaaa')
      .submitted('t')
      .did('BLUEPRINT_PROPOSED', 'Intent', [], { calls: [{ response_source: 'replay', degraded: true }] }, 1).events;
    expect(event && entryOf(event).labels).toEqual(['REPLAY', 'DEGRADED']);
  });

  test("files link below their own job only, another job's key is no link", () => {
    const story = new Story(emptyMemory(), 'aaaaaaaaaaaa').submitted('t');
    const own = story.file('outputs/x.json', '{}');
    story.did('RUN_COMPLETED', 'Run', [own, { ...own, key: 'jobs/bbbbbbbbbbbb/outputs/x.json' }], {}, 1);
    const event = story.events.at(-1);
    expect(event && entryOf(event).files).toEqual([{ path: 'outputs/x.json', name: 'x.json' }]);
  });

  test('what passed by itself is not shown as seen by anybody', () => {
    const outputs = { state: 'ConfirmLive', visit: 1, subject_digest: `sha256:${'0'.repeat(64)}`, auto: true };
    const story = new Story(emptyMemory(), 'aaaaaaaaaaaa')
      .submitted('t')
      .add({ event_type: 'APPROVED', state: 'ConfirmLive', actor: ALICE, outputs }, 1);
    expect(story.events.map(entryOf).at(-1)).toMatchObject({ title: 'Passed by itself', regard: 'about' });
  });

  test('an event is one frame, whatever line breaks its text has', () => {
    const story = new Story(emptyMemory(), 'aaaaaaaaaaaa').submitted('a\nb\r\n\r\nid: 9');
    const [event] = story.events;
    expect(event && frame(event).trimEnd().split('\n')).toHaveLength(2);
  });
});

describe('metrics', () => {
  const row = (status: 'RUNNING' | 'DONE', created: string, updated: string) => ({
    ...{
      job_id: 'a',
      title: 't',
      kind: 'idea' as const,
      step: null,
      mode: 'replay' as const,
      degraded: false,
      subject_digest: null,
      visit: null,
    },
    ...{ opened_at: null, expires_at: null, quorum: 1, votes: 0, submitted_by: 'a', last_seq: 1, resumes: 0, resumed_ok: 0 },
    ...{ status, outcome: status === 'DONE' ? ('succeeded' as const) : null, created_at: created, updated_at: updated },
  });

  test('what has no data is null, never zero', () => {
    expect(metricsOf({ rows: [], complete: true }, NOW)).toMatchObject({
      stalled_count: null,
      resume_success_rate: null,
      mean_converge_time: null,
      alerts: [],
    });
  });

  test('a running job is stalled after 15 quiet minutes', () => {
    const rows = ['2026-01-10T11:44:00.000Z', '2026-01-10T11:46:00.000Z'].map((at) => row('RUNNING', at, at));
    expect(metricsOf({ rows, complete: true }, NOW).stalled_count).toBe(1);
  });

  test('a decided wait counts once its stage is seen, or will not start any more; until then it counts as neither', () => {
    const at = '2026-01-10T11:59:00.000Z';
    const old = '2026-01-10T11:44:00.000Z';
    const rate = (...rows: ReturnType<typeof row>[]) => metricsOf({ rows, complete: true }, NOW).resume_success_rate;
    const resumed = (status: 'RUNNING' | 'DONE', updated: string, resumes: number, resumed_ok: number) => ({
      ...row(status, updated, updated),
      ...{ resumes, resumed_ok },
    });
    expect(rate(resumed('RUNNING', at, 1, 0))).toBeNull();
    expect(rate(resumed('DONE', at, 2, 2))).toBe(1);
    expect(rate(resumed('DONE', at, 2, 2), resumed('RUNNING', at, 3, 2), resumed('RUNNING', old, 1, 0))).toBe(0.8);
    expect(rate({ ...resumed('DONE', at, 3, 3) }, { ...resumed('RUNNING', at, 1, 0), status: 'DONE' })).toBe(0.75);
  });

  test('jobs with a degraded answer are counted, and none is zero', () => {
    const at = '2026-01-10T11:59:00.000Z';
    const metrics = metricsOf({ rows: [row('DONE', at, at), { ...row('DONE', at, at), degraded: true }], complete: true }, NOW);
    expect(metrics.degraded_answers).toBe(1);
    expect(prometheus(metrics)).toContain('holdpoint_degraded_answers 1\n');
  });

  test('Prometheus text has a line for each figure that exists and none for one that does not', () => {
    const rows = [row('DONE', '2026-01-10T11:00:00.000Z', '2026-01-10T11:00:30.000Z')];
    const text = prometheus(metricsOf({ rows, complete: true }, NOW));
    expect(text).toContain('holdpoint_jobs{status="DONE"} 1\n');
    expect(text).toContain('holdpoint_mean_converge_time_seconds 30\n');
    expect(text).not.toContain('resume_success_rate');
  });

  test('the serial gate is open only while nothing runs', () => {
    const running = [row('RUNNING', '2026-01-10T11:59:00.000Z', '2026-01-10T11:59:00.000Z')];
    expect(queueOf(running, [], NOW)).toEqual({ running: 1, waiting: 0, oldest_s: 60, serial_gate: 'closed' });
    expect(queueOf([], [], NOW)).toEqual({ running: 0, waiting: 0, oldest_s: null, serial_gate: 'open' });
  });
});

test('a daily series is thinned to the last day of each year', () => {
  expect(yearly('date,equity\n2001-01-02,1\n2001-12-31,2\n2002-06-01,3\n')).toEqual({
    columns: ['date', 'equity'],
    rows: [
      ['2001-12-31', '2'],
      ['2002-06-01', '3'],
    ],
  });
  expect(yearly('symbol,entry\nSPX,2001-01-02\n')).toBeNull();
});
