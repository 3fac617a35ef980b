import { describe, expect, it } from 'vitest';
import { Blueprint, type Strategy } from '../../contracts/blueprint.ts';
import { CompileRefused, EvidenceMismatch } from '../../contracts/errors.ts';
import type { ResearchJob } from '../../contracts/job-spec.ts';
import { RunSpec } from '../../contracts/runspec.ts';
import { blueprintOf, defaultPolicy, exampleSpec, sampleSnapshot } from '../../test/fixtures/market.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { sha256Hex } from '../lib/hash.ts';
import { decodeResearch } from '../lib/research-spec.ts';
import { compile, compileBlueprint } from './compile.ts';

const { manifest, bars } = sampleSnapshot();
const RULE: Strategy = { type: 'sma_crossover', fast: 50, slow: 150 };
const idea = exampleSpec('idea-trend');

const compiled = (blueprint: Blueprint, spec: ResearchJob = idea) => compileBlueprint({ spec, blueprint, snapshot: manifest, bars });
const { schema_version, title, run, snapshot_id, policy_bundle } = idea;
const common = { schema_version, title, run, snapshot_id, policy_bundle };
const handWritten = (blueprint: Blueprint): ResearchJob => decodeResearch(JSON.stringify({ ...common, kind: 'blueprint', blueprint }));

const refusal = (blueprint: Blueprint, spec: ResearchJob = idea): string => {
  try {
    compiled(blueprint, spec);
  } catch (error) {
    if (error instanceof CompileRefused) return error.message;
    throw error;
  }
  return 'compiled';
};

describe('compile', () => {
  it('binds snapshot, policy bundle and blueprint by digest, and holds the policy itself', () => {
    const blueprint = blueprintOf(RULE);
    const runspec = RunSpec.parse(compiled(blueprint));
    expect(runspec.snapshot).toEqual({ snapshot_id: 'sp500-2000', sha256: manifest.sha256, first: '2000-01-03', last: '2020-04-17' });
    expect(runspec.policy).toEqual(defaultPolicy());
    expect(runspec.policy_bundle).toEqual({ id: 'default_v1', sha256: sha256Hex(canonicalJson(defaultPolicy())) });
    expect(runspec.blueprint_sha256).toBe(sha256Hex(canonicalJson(blueprint)));
  });

  it('holds out the last part of an idea, and counts bars and warm-up', () => {
    const runspec = compiled(blueprintOf(RULE));
    expect(runspec.windows.holdout).toEqual({ start: '2012-12-31', end: '2015-12-31' });
    expect(runspec.bars).toEqual({ train: 2263, evaluation: 753, holdout: 757 });
    expect(runspec.warmup).toEqual({ needed: 149, available: 252 });
  });

  it('normalizes: the order and repetition of symbols make no other run', () => {
    const one = compiled(blueprintOf(RULE, { symbols: ['SPX', 'SPX'] }));
    expect(one.symbols).toEqual(['SPX']);
  });

  it('holds out the days after a hand-written evaluation', () => {
    const spec = exampleSpec('blueprint-breakout');
    if (spec.kind !== 'blueprint') throw new Error('the example is a blueprint job');
    expect(compiled(spec.blueprint, spec).windows.holdout).toEqual({ start: '2014-01-01', end: '2017-04-01' });
  });

  it('refuses a symbol that the snapshot, or the idea, does not have', () => {
    expect(refusal(blueprintOf(RULE, { symbols: ['SPX', 'QQQ'] }))).toBe(
      'symbol QQQ is not in snapshot sp500-2000, which has SPX\nsymbol QQQ is not in the idea, which names SPX',
    );
  });

  it('refuses look-ahead: an evaluation that reaches into the holdout', () => {
    const touching = (end: string) => blueprintOf(RULE, { evaluation: { start: '2010-01-04', end } });
    expect(refusal(touching('2012-12-31'))).toMatch(
      /^look-ahead: .* reaches into the holdout 2012-12-31 to 2015-12-31; end it by 2012-12-30$/,
    );
    expect(refusal(touching('2012-12-30'))).toBe('compiled');
  });

  it('refuses training data from before the idea', () => {
    expect(refusal(blueprintOf(RULE, { train: { start: '2000-06-01', end: '2009-12-31' } }))).toMatch(
      /train starts 2000-06-01, before the idea/,
    );
  });

  it('refuses windows outside the snapshot', () => {
    const about = { hypothesis: 'x', symbols: ['SPX'], frequency: '1d', start: '2001-01-02', end: '2025-12-31' };
    const late = decodeResearch(JSON.stringify({ ...common, kind: 'idea', idea: about }));
    expect(refusal(blueprintOf(RULE), late)).toMatch(/outside snapshot sp500-2000, which covers 2000-01-03 to 2020-04-17/);
    const early = blueprintOf(RULE, { train: { start: '1999-01-04', end: '2009-12-31' } });
    expect(refusal(early, handWritten(early))).toMatch(/the run 1999-01-04 to .* is outside snapshot/);
  });

  it('refuses a hand-written blueprint that leaves too little holdout', () => {
    const none = blueprintOf(RULE, { evaluation: { start: '2010-01-04', end: '2020-04-17' } });
    expect(refusal(none, handWritten(none))).toMatch(/leaves no holdout after the evaluation, which ends 2020-04-17/);
    const short = blueprintOf(RULE, { evaluation: { start: '2010-01-04', end: '2019-12-31' } });
    expect(refusal(short, handWritten(short))).toMatch(/SPX has \d+ bars in holdout .*, it needs 120/);
  });

  it('refuses windows without two bars', () => {
    const weekend = blueprintOf(RULE, { evaluation: { start: '2010-01-02', end: '2010-01-03' } });
    expect(refusal(weekend)).toMatch(/SPX has 0 bars in evaluation 2010-01-02 to 2010-01-03, it needs 2/);
  });

  it('refuses overlapping windows before anything else', () => {
    const overlap = { ...blueprintOf(RULE), evaluation: { start: '2009-12-31', end: '2012-12-28' } };
    expect(Blueprint.safeParse(overlap).error?.issues[0]).toMatchObject({
      path: ['evaluation', 'start'],
      message: 'must be after train.end',
    });
  });

  it.each(['nobody_v1', 'constructor', '__proto__'])('refuses the unknown policy bundle %s', (id) => {
    expect(refusal(blueprintOf(RULE), { ...idea, policy_bundle: id })).toMatch(/there is no policy bundle/);
  });

  it('refuses data that is not the snapshot', () => {
    const docs = { spec: idea, blueprint: blueprintOf(RULE), snapshot: manifest, snapshot_data: bars };
    const input = {
      job_id: '0123456789ab',
      run_id: 'run-1',
      state: 'Compile',
      visit: 1,
      at: '2026-01-01T00:00:00.000Z',
      docs,
      facts: {},
      job: null,
    };
    const refs = (sha256: string) => ({ snapshot_data: { key: 'snapshots/data/x.csv', sha256, bytes: 1 } });
    const effects = { ask: () => Promise.reject(new Error('no model is asked')) };
    expect(() => compile.run({ ...input, refs: refs('0'.repeat(64)) }, effects)).toThrow(EvidenceMismatch);
    expect(compile.run({ ...input, refs: refs(manifest.sha256) }, effects)).toMatchObject({
      artifacts: [{ name: 'runspec', path: 'outputs/compile/runspec.json' }],
      event: { event_type: 'RUNSPEC_COMPILED', outputs: { symbols: ['SPX'] } },
    });
  });
});
