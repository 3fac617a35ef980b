import type { Vector } from './embedder.ts';

/** Weight of each dimension: rare ones tell documents apart. A dense vector uses all dimensions, and then all weigh the same. */
const inverseFrequencies = (vectors: readonly Vector[]): Float64Array => {
  const used = new Float64Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) for (let d = 0; d < used.length; d++) if (vector[d] !== 0) used[d] = (used[d] ?? 0) + 1;
  return used.map((n) => Math.log1p(vectors.length / Math.max(1, n)));
};

const cosine = (a: Vector, b: Vector, weights: Float64Array): number => {
  let [dot, aa, bb] = [0, 0, 0];
  for (let d = 0; d < weights.length; d++) {
    const weight = weights[d] ?? 0;
    const [x, y] = [(a[d] ?? 0) * weight, (b[d] ?? 0) * weight];
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  const norm = Math.sqrt(aa) * Math.sqrt(bb);
  return norm > 0 && Number.isFinite(dot / norm) ? dot / norm : 0;
};

/** Weighted cosine of each document with the query, -1 to 1. */
export const semanticScores = (query: Vector, documents: readonly Vector[]): number[] => {
  const weights = inverseFrequencies(documents);
  return documents.map((document) => cosine(query, document, weights));
};
