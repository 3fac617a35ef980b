import canonicalize from 'canonicalize';

/**
 * RFC 8785 text of a JSON value: one value, one text, so that digests of it mean something.
 * Throws for what JSON cannot say: NaN, Infinity, a lone surrogate, a cycle, a bare undefined or function. As
 * with JSON.stringify, an object's undefined members are left out.
 */
export const canonicalJson = (value: unknown): string => {
  const text = canonicalize(value);
  if (text === undefined)
    throw new TypeError(`a value of type ${typeof value} has no JSON text; pass an object, array, string, number, boolean or null`);
  return text;
};
