import type { Strategy } from '../../../contracts/blueprint.ts';
import type { Bar } from '../../../contracts/snapshot.ts';
import { priorHigh, priorLow, rateOfChange, rsi, sma } from './indicators.ts';

/** Bars a strategy needs, t included, before its indicators have a value at t. */
export const barsNeeded = (strategy: Strategy): number => {
  switch (strategy.type) {
    case 'sma_crossover':
      return strategy.slow;
    case 'momentum':
      return strategy.lookback + 1;
    case 'rsi_reversion':
      return strategy.period + 1;
    case 'breakout':
      return Math.max(strategy.entry_window, strategy.exit_window) + 1;
  }
};

const column = (bars: readonly Bar[], field: 'high' | 'low' | 'close'): Float64Array => {
  const values = new Float64Array(bars.length);
  for (const [t, bar] of bars.entries()) values[t] = bar[field];
  return values;
};

/** Says at the close of bar t, given whether a position is held, whether one is wanted next. */
type Rule = (t: number, holding: boolean) => boolean;

// A comparison with NaN is false, so a rule stays flat until its indicators have values.
const ruleOf = (strategy: Strategy, bars: readonly Bar[]): Rule => {
  const close = column(bars, 'close');
  const at = (series: Float64Array, t: number): number => series[t] ?? Number.NaN;
  switch (strategy.type) {
    case 'sma_crossover': {
      const fast = sma(close, strategy.fast);
      const slow = sma(close, strategy.slow);
      return (t) => at(fast, t) > at(slow, t);
    }
    case 'momentum': {
      const change = rateOfChange(close, strategy.lookback);
      return (t) => at(change, t) > strategy.threshold;
    }
    case 'rsi_reversion': {
      const strength = rsi(close, strategy.period);
      return (t, holding) => (holding ? !(at(strength, t) > strategy.exit) : at(strength, t) < strategy.entry);
    }
    case 'breakout': {
      const high = priorHigh(column(bars, 'high'), strategy.entry_window);
      const low = priorLow(column(bars, 'low'), strategy.exit_window);
      return (t, holding) => (holding ? !(at(close, t) < at(low, t)) : at(close, t) > at(high, t));
    }
  }
};

/**
 * Position wanted after the close of each bar of one symbol, oldest first: 1 long, 0 flat. Bars before
 * index `from` only warm indicators up. The value at t depends on bars 0..t alone.
 */
export const targets = (strategy: Strategy, bars: readonly Bar[], from: number): Uint8Array => {
  const rule = ruleOf(strategy, bars);
  const out = new Uint8Array(bars.length);
  let holding = false;
  for (let t = from; t < bars.length; t++) {
    holding = rule(t, holding);
    out[t] = holding ? 1 : 0;
  }
  return out;
};
