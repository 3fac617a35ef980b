/** Order of UTF-8 bytes, which is S3's. UTF-16 order differs only where a surrogate meets U+E000 to U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return x >= 0xd800 && y >= 0xd800 ? lift(x) - lift(y) : x - y;
  }
  return a.length - b.length;
}

const lift = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit + 0x2000);

export type SortedKeys = {
  add(key: string): void;
  delete(key: string): void;
  /** Keys in order, from the first for which `before` is false; `before` must be true for a leading run of the order only. */
  from(before: (key: string) => boolean): Generator<string>;
};

const CHUNK = 1024;

/** A sorted set in chunks, so that adding to a hundred thousand keys moves a thousand. */
export function createSortedKeys(initial: string[]): SortedKeys {
  const sorted = initial.toSorted(compareUtf8);
  const chunks: string[][] = [];
  for (let at = 0; at < sorted.length; at += CHUNK) chunks.push(sorted.slice(at, at + CHUNK));
  const place = (before: (key: string) => boolean): { chunk: number; at: number } => {
    const chunk = partition(chunks, (keys) => before(keys.at(-1) ?? ''));
    return { chunk, at: partition(chunks[chunk] ?? [], before) };
  };
  return {
    add(key) {
      const found = place((other) => compareUtf8(other, key) < 0);
      const index = Math.min(found.chunk, Math.max(chunks.length - 1, 0));
      const keys = chunks[index];
      if (!keys) return void chunks.push([key]);
      const at = index === found.chunk ? found.at : keys.length;
      if (keys[at] === key) return;
      keys.splice(at, 0, key);
      if (keys.length > 2 * CHUNK) chunks.splice(index, 1, keys.slice(0, CHUNK), keys.slice(CHUNK));
    },
    delete(key) {
      const { chunk, at } = place((other) => compareUtf8(other, key) < 0);
      const keys = chunks[chunk];
      if (keys?.[at] !== key) return;
      keys.splice(at, 1);
      if (keys.length === 0) chunks.splice(chunk, 1);
    },
    *from(before) {
      const start = place(before);
      for (let chunk = start.chunk; chunk < chunks.length; chunk++) {
        const keys = chunks[chunk] ?? [];
        for (let at = chunk === start.chunk ? start.at : 0; at < keys.length; at++) yield keys[at] ?? '';
      }
    },
  };
}

/** The first index whose item is not `before`. */
function partition<T>(items: T[], before: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && before(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}
