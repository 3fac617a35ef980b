/** Largest state input, output and execution input, in UTF-8 bytes. */
export const MAX_DATA_BYTES = 262_144;
/** Beyond this, recursive readers of JSON run out of stack; AWS refuses such documents too. */
const MAX_DEPTH = 1000;
/** Events in one execution's history. */
export const MAX_EVENTS = 25_000;

export const tooLarge = (text: string): boolean => text.length > MAX_DATA_BYTES || Buffer.byteLength(text) > MAX_DATA_BYTES;

/** Whether brackets nest deeper than any document of ours. Looks at text, so that it needs no stack itself. */
export function tooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (quoted) {
      if (char === 0x5c) i++;
      else if (char === 0x22) quoted = false;
    } else if (char === 0x22) quoted = true;
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (char === 0x7d || char === 0x5d) depth--;
  }
  return false;
}

/** Why a text cannot be a document between states, or null. */
export function dataProblem(text: string): string | null {
  if (tooLarge(text)) return `it is larger than ${MAX_DATA_BYTES} bytes`;
  if (tooDeep(text)) return `it nests deeper than ${MAX_DEPTH} levels`;
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return `it is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

export const dataLimit = (state: string) =>
  ({
    ok: false,
    error: 'States.DataLimitExceeded',
    cause: `The state/task '${state}' returned a result with a size exceeding the maximum number of bytes service limit.`,
    fatal: true,
  }) as const;
