import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShadowReport } from '../../../contracts/shadow.ts';
import { agreement, type Decision } from './agreement.ts';
import { decideBeside } from './beside.ts';

const decision = (decision_id: string, deterministic: string, point = 'gates'): Decision => ({ decision_id, point, deterministic });
const said = (decision_id: string, shadow: string | null, problem: string | null = null) => ({ decision_id, shadow, problem });
const never = new AbortController().signal;

describe('agreement', () => {
  it('counts per decision point, and leaves failed shadows out of the rate', () => {
    const decisions = [decision('Gates:1', 'passed'), decision('Gates:2', 'failed'), decision('Guard:1', 'passed', 'guard')];
    const report = agreement(decisions, [said('Gates:1', 'passed'), said('Gates:2', 'passed'), said('Guard:1', null, 'timeout')]);
    expect(ShadowReport.parse(report)).toMatchObject({ decisions: 3, compared: 2, agreed: 1, agreement: 0.5 });
    expect(report.by_point).toEqual({
      gates: { decisions: 2, compared: 2, agreed: 1, agreement: 0.5 },
      guard: { decisions: 1, compared: 0, agreed: 0, agreement: null },
    });
    expect(report.rows.map((row) => row.agrees)).toEqual([true, false, null]);
  });

  it('has a row for each decision and no other, and repeats what held, whatever the shadows say', () => {
    const id = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor');
    const decisions = fc.uniqueArray(fc.record({ decision_id: id, point: id, deterministic: fc.string() }), {
      selector: (d) => d.decision_id,
    });
    const shadows = fc.array(fc.record({ decision_id: id, shadow: fc.option(fc.string()), problem: fc.option(fc.string()) }));
    fc.assert(
      fc.property(decisions, shadows, (deterministic, shadow) => {
        const { rows, unmatched, agreed, compared } = agreement(deterministic, shadow);
        expect(rows.map(({ decision_id, point, deterministic }) => ({ decision_id, point, deterministic }))).toEqual(deterministic);
        expect(agreed).toBeLessThanOrEqual(compared);
        for (const one of unmatched) expect(deterministic.map((d) => d.decision_id)).not.toContain(one);
      }),
    );
  });

  it('takes the first of several shadows', () => {
    expect(agreement([decision('a', 'x')], [said('a', 'x'), said('a', 'y')])).toMatchObject({ agreed: 1, compared: 1 });
  });
});

describe('a shadow', () => {
  const beside = (shadow: () => Promise<string>, more: { enabled?: boolean; signal?: AbortSignal } = {}) =>
    decideBeside({ decision: decision('Gates:1', 'failed'), shadow, enabled: true, signal: never, ...more });

  it('is not asked while shadow mode is off', async () => {
    let asked = 0;
    const row = await beside(() => Promise.resolve(String(++asked)), { enabled: false });
    expect([row, asked]).toEqual([null, 0]);
  });

  it.each<[string, () => Promise<string>]>([
    ['disagrees', () => Promise.resolve('passed')],
    [
      'throws',
      () => {
        throw new Error('boom');
      },
    ],
    ['rejects with nothing', () => Promise.reject(undefined)],
    ['talks', () => Promise.resolve('x'.repeat(5000))],
  ])('that %s changes nothing about the decision', async (_, shadow) => {
    expect(await beside(shadow)).toMatchObject({ decision_id: 'Gates:1', deterministic: 'failed' });
  });

  it('that never answers is given up', async () => {
    const signal = AbortSignal.timeout(10);
    expect(await beside(() => new Promise(() => {}), { signal })).toMatchObject({
      shadow: null,
      problem: 'it took too long',
      agrees: null,
    });
  });

  it('puts no secret into a report', async () => {
    const row = await beside(() => Promise.reject(new Error('401 for api_key=abc123def')));
    expect(JSON.stringify(row)).not.toContain('abc123def');
  });
});
