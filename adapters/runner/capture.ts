import { stripVTControlCharacters } from 'node:util';
import type { RunnerOutput } from '../../contracts/runner.ts';
import { redact } from '../../functions/lib/redaction.ts';

/** Kept of each end of a long output. */
const END_BYTES = 16 * 1024;
/** Read beyond what is kept, so that a secret which the cut would halve is seen whole. No secret is longer. */
const MARGIN_BYTES = 8 * 1024;
const HELD = END_BYTES + MARGIN_BYTES;

/** Takes any number of bytes and holds a bounded part of them: the first and the last. */
export type Capture = { write(chunk: Buffer): void; end(secrets: readonly string[]): RunnerOutput };

const total = (counts: Partial<Record<string, number>>): number => Object.values(counts).reduce<number>((sum, n) => sum + (n ?? 0), 0);

/** Without colours, which could stand in the middle of a secret. */
const clean = (bytes: Buffer, secrets: readonly string[]) => redact(stripVTControlCharacters(bytes.toString('utf8')), { secrets });

export const createCapture = (): Capture => {
  const head: Buffer[] = [];
  let headBytes = 0;
  let tail: Buffer[] = [];
  let tailBytes = 0;
  let bytes = 0;

  const keepEnd = (chunk: Buffer): void => {
    tail.push(chunk);
    tailBytes += chunk.length;
    // Joined now and then only: a command may print byte by byte.
    if (tailBytes < 4 * HELD) return;
    tail = [Buffer.from(Buffer.concat(tail).subarray(-HELD))];
    tailBytes = HELD;
  };

  const write = (chunk: Buffer): void => {
    bytes += chunk.length;
    const first = chunk.subarray(0, Math.max(0, HELD - headBytes));
    if (first.length > 0) head.push(Buffer.from(first));
    headBytes += first.length;
    if (first.length < chunk.length) keepEnd(Buffer.from(chunk.subarray(first.length)));
  };

  const end = (secrets: readonly string[]): RunnerOutput => {
    const beginning = Buffer.concat(head);
    const rest = Buffer.concat(tail);
    if (bytes <= 2 * HELD) {
      const { text, counts } = clean(Buffer.concat([beginning, rest]), secrets);
      return { text, bytes, truncated: false, redactions: total(counts) };
    }
    // What is left of a halved secret lies within the margin at the cut, and the margin is dropped after redacting.
    const first = clean(beginning, secrets);
    const last = clean(rest.subarray(-HELD), secrets);
    const gap = `\n[... ${bytes - 2 * END_BYTES} of ${bytes} bytes left out ...]\n`;
    return {
      text: first.text.slice(0, -MARGIN_BYTES) + gap + last.text.slice(MARGIN_BYTES),
      ...{ bytes, truncated: true, redactions: total(first.counts) + total(last.counts) },
    };
  };

  return { write, end };
};
