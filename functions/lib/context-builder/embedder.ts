import { sha256Hex } from '../hash.ts';

export type Vector = ArrayLike<number>;

/** Turns a text into numbers. A provider's model, or the local one; `id` changes when its numbers do. */
export type Embedder = { id: string; embed(text: string): Vector | Promise<Vector> };

/**
 * Vectors by digest of embedder and text. It belongs to one job: were it shared, the counts in a pack would depend on
 * what other jobs did before.
 */
export type EmbeddingCache = Pick<Map<string, Vector>, 'get' | 'set'>;

export type Embedded = {
  /** One vector per text; null where the budget did not suffice or the embedder failed. */
  vectors: Vector[] | null;
  failed: boolean;
  /** Texts the embedder was asked for. */
  calls: number;
  /** Texts it was not asked for, since the answer was known. */
  hits: number;
};

const usable = (vectors: readonly Vector[]): boolean => {
  const length = vectors[0]?.length ?? 0;
  return length > 0 && vectors.every((vector) => vector.length === length && Array.from(vector).every(Number.isFinite));
};

const asked = async (embedder: Embedder, texts: readonly string[]): Promise<Vector[] | null> => {
  try {
    return await Promise.all(texts.map(async (text) => embedder.embed(text)));
  } catch {
    // Ranking by words needs nobody else; why an embedder failed is its adapter's to log.
    return null;
  }
};

/** Embeds texts, each distinct one once. Asks for nothing at all when `budget` calls would not cover what is missing. */
export const embedAll = async (embedder: Embedder, cache: EmbeddingCache, texts: readonly string[], budget: number): Promise<Embedded> => {
  const keys = texts.map((text) => sha256Hex(`${embedder.id}\n${text}`));
  const missing = new Map<string, string>();
  for (const [at, key] of keys.entries()) if (cache.get(key) === undefined) missing.set(key, texts[at] ?? '');
  if (missing.size > budget) return { vectors: null, failed: false, calls: 0, hits: 0 };
  const counts = { calls: missing.size, hits: texts.length - missing.size };
  const fresh = await asked(embedder, [...missing.values()]);
  const found = new Map([...missing.keys()].map((key, at) => [key, fresh?.[at]]));
  const vectors = keys.map((key) => found.get(key) ?? cache.get(key) ?? []);
  if (!fresh || !usable(vectors)) return { vectors: null, failed: true, ...counts };
  for (const [key, vector] of found) if (vector) cache.set(key, vector);
  return { vectors, failed: false, ...counts };
};
