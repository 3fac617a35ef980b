import { describe, expect, it } from 'vitest';
import { trial } from './trials.fixture.ts';
import { tiersOf } from './trials.ts';

describe('trials as tiers', () => {
  it('tell nothing of a holdout: no figure, no day, no gate that rests on it', () => {
    const tiers = tiersOf([trial({}), trial({ passed: false, failed: ['holdout_degradation'] })], { symbols: ['SPX'] });
    expect(JSON.stringify(tiers)).not.toMatch(/0\.77|20\d\d-|holdout/);
    expect(tiers[0]?.phases.map(({ outcome }) => outcome)).toEqual(['COMPLETE', 'COMPLETE']);
  });

  it('say which other gates failed, and how research went', () => {
    const [tier] = tiersOf([trial({ passed: false, failed: ['max_drawdown', 'holdout_degradation'] })], { symbols: [] });
    expect(tier?.phases[0]).toMatchObject({
      outcome: 'FAILED',
      summary: expect.stringMatching(/failed in research: max_drawdown; Sharpe ratio 0\.51/),
    });
  });

  it('begin with those of the same symbols, whichever come first', () => {
    const tiers = tiersOf([trial({ symbols: ['NDX'] }), trial({ symbols: ['NDX'] }), trial({})], { symbols: ['SPX'] });
    expect(tiers.map(({ name, phases }) => [name, phases.length])).toEqual([
      ['sma_crossover on SPX', 1],
      ['sma_crossover on NDX', 2],
    ]);
  });

  it.each(['', '{', '[]', '{"schema_version":"trial_record_v9"}'])('pass over %j, which is no trial', (text) => {
    expect(tiersOf([text, trial({})], { symbols: ['SPX'] })).toHaveLength(1);
  });
});
