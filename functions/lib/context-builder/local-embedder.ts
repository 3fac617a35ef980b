import type { Embedder } from './embedder.ts';

const DIMENSIONS = 4096;
const GRAMS = [3, 4];

/** FNV-1a, 32 bit (http://www.isthe.com/chongo/tech/comp/fnv/), over UTF-16 units. */
const hash = (text: string, from: number, to: number): number => {
  let value = 0x811c9dc5;
  for (let at = from; at < to; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
};

/**
 * Hashed character n-grams inside of words, log-scaled: spelling variants and inflections meet, no vocabulary is
 * needed, and the same text gives the same numbers everywhere.
 */
export const localEmbedder: Embedder = {
  id: 'char_ngrams_v1',
  embed: (text) => {
    const counts = new Float64Array(DIMENSIONS);
    for (const [word] of text
      .normalize('NFKC')
      .toLowerCase()
      .matchAll(/[\p{L}\p{N}]+/gu)) {
      const padded = ` ${word} `;
      for (const size of GRAMS)
        for (let at = 0; at + size <= padded.length; at++) {
          const slot = hash(padded, at, at + size) % DIMENSIONS;
          counts[slot] = (counts[slot] ?? 0) + 1;
        }
    }
    return counts.map((count) => Math.log1p(count));
  },
};
