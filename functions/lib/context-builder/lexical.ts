const K1 = 1.2;
const B = 0.75;

const wordsOf = (text: string): string[] =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];

const countsOf = (words: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
};

/**
 * Okapi BM25 of each document for the query, from 0 up (Robertson and Zaragoza, The Probabilistic Relevance Framework,
 * 2009; the inverse document frequency has 1 added inside the logarithm, so that a common word never counts against).
 */
export const lexicalScores = (query: string, documents: readonly string[]): number[] => {
  const indexed = documents.map((text) => {
    const words = wordsOf(text);
    return { length: words.length, counts: countsOf(words) };
  });
  const mean = indexed.reduce((sum, { length }) => sum + length, 0) / Math.max(1, indexed.length);
  const terms = [...new Set(wordsOf(query))].map((word) => {
    const having = indexed.filter(({ counts }) => counts.has(word)).length;
    return { word, idf: Math.log1p((indexed.length - having + 0.5) / (having + 0.5)) };
  });
  return indexed.map(({ length, counts }) => {
    const norm = K1 * (1 - B + (B * length) / Math.max(1, mean));
    return terms.reduce((sum, { word, idf }) => {
      const count = counts.get(word) ?? 0;
      return sum + (idf * count * (K1 + 1)) / (count + norm);
    }, 0);
  });
};
