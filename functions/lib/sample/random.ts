import { sha256Hex } from '../hash.ts';

/** A sequence that depends on a seed only. */
export type Dice = {
  /** From 0 up to 1, never 1. */
  next(): number;
  /** One of several; the same seed and the same questions give the same choices. */
  pick<T>(items: readonly [T, ...T[]]): T;
};

const RANGE = 2 ** 32;

/** xorshift32 (Marsaglia 2003), seeded with a digest of `seed`. */
export const dice = (seed: string): Dice => {
  let state = Number.parseInt(sha256Hex(seed).slice(0, 8), 16) | 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / RANGE;
  };
  return { next, pick: (items) => items[Math.floor(next() * items.length)] ?? items[0] };
};
