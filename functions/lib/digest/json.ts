/** A stored text as JSON; null for text that is none, which no schema takes. */
export const parseText = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
