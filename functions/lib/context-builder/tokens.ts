/** Names the way tokens are counted; a pack says which one it used. */
export const ESTIMATOR = 'utf8_bytes_v1';

/**
 * Tokens of a text, estimated without a vocabulary: three ASCII characters, or two bytes of anything else, are one
 * token. Byte-pair vocabularies take about four characters of English, three of code and JSON, and a token or more
 * per character of other scripts, so this errs on the high side. Never more for a joined text than for its parts.
 */
export const estimateTokens = (text: string): number => {
  const bytes = Buffer.byteLength(text);
  let ascii = 0;
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) < 128) ascii++;
  return Math.ceil((2 * ascii + 3 * (bytes - ascii)) / 6);
};
