/**
 * Indicators over a series of prices, oldest first. Each value at index t reads prices up to t only;
 * NaN where there are not yet enough of them.
 */

/** Simple moving average of the last `length` values, t included. */
export const sma = (values: Float64Array, length: number): Float64Array => {
  const out = new Float64Array(values.length).fill(Number.NaN);
  let sum = 0;
  for (let t = 0; t < values.length; t++) {
    sum += values[t] ?? 0;
    if (t >= length) sum -= values[t - length] ?? 0;
    if (t >= length - 1) out[t] = sum / length;
  }
  return out;
};

/** Return over `lookback` bars, as a fraction. */
export const rateOfChange = (values: Float64Array, lookback: number): Float64Array => {
  const out = new Float64Array(values.length).fill(Number.NaN);
  for (let t = lookback; t < values.length; t++) out[t] = (values[t] ?? 0) / (values[t - lookback] ?? 0) - 1;
  return out;
};

/**
 * Relative Strength Index, 0-100. Source: J. W. Wilder, "New Concepts in Technical Trading Systems" (1978):
 * the first averages of gains and losses are plain means of `period` changes, later ones are smoothed
 * with weight 1/period. Without any change it is 50, without losses 100.
 */
export const rsi = (values: Float64Array, period: number): Float64Array => {
  const out = new Float64Array(values.length).fill(Number.NaN);
  let gain = 0;
  let loss = 0;
  for (let t = 1; t < values.length; t++) {
    const change = (values[t] ?? 0) - (values[t - 1] ?? 0);
    const up = change > 0 ? change : 0;
    const down = change < 0 ? -change : 0;
    gain = t <= period ? gain + up / period : (gain * (period - 1) + up) / period;
    loss = t <= period ? loss + down / period : (loss * (period - 1) + down) / period;
    if (t >= period) out[t] = gain + loss === 0 ? 50 : (100 * gain) / (gain + loss);
  }
  return out;
};

/** Best of the `length` values before t, t excluded, where `better(a, b)` says that a replaces b. */
const priorExtreme = (values: Float64Array, length: number, better: (a: number, b: number) => boolean): Float64Array => {
  const out = new Float64Array(values.length).fill(Number.NaN);
  for (let t = length; t < values.length; t++) {
    let best = values[t - length] ?? 0;
    for (let k = t - length + 1; k < t; k++) if (better(values[k] ?? 0, best)) best = values[k] ?? 0;
    out[t] = best;
  }
  return out;
};

export const priorHigh = (values: Float64Array, length: number): Float64Array => priorExtreme(values, length, (a, b) => a > b);
export const priorLow = (values: Float64Array, length: number): Float64Array => priorExtreme(values, length, (a, b) => a < b);
