import { notImplemented, preconditionFailed, S3Error } from './errors.ts';
import type { Meta } from './object-file.ts';

const etagMatches = (list: string, etag: string): boolean =>
  list.split(',').some((item) => {
    const text = item.trim().replace(/^W\//, '');
    return text === '*' || text.replace(/^"|"$/g, '') === etag;
  });

export const noSuchKey = (key: string): S3Error =>
  new S3Error(404, 'NoSuchKey', 'The specified key does not exist.', { detail: { Key: key } });

/** `If-None-Match: *` and `If-Match` of a write; `live` is the current object, null when there is none or it is deleted. */
export function checkWrite(headers: Record<string, string>, key: string, live: Meta | null): void {
  const none = headers['if-none-match'];
  if (none !== undefined && none !== '*') throw notImplemented(`If-None-Match: ${none} on a write; only * is`);
  if (none !== undefined && live) throw preconditionFailed('If-None-Match');
  const match = headers['if-match'];
  if (match === undefined) return;
  if (!live) throw noSuchKey(key);
  if (!etagMatches(match, live.etag)) throw preconditionFailed('If-Match');
}

/** Conditions of a read, in the order of RFC 9110: throws 412, answers whether the client's copy is still good. */
export function isNotModified(headers: Record<string, string>, meta: Meta, prefix = ''): boolean {
  const header = (name: string) => headers[`${prefix}${name}`];
  const match = header('if-match');
  if (match !== undefined && !etagMatches(match, meta.etag)) throw preconditionFailed('If-Match');
  const unmodified = seconds(header('if-unmodified-since'));
  if (match === undefined && unmodified !== null && modifiedAt(meta) > unmodified) throw preconditionFailed('If-Unmodified-Since');
  const none = header('if-none-match');
  if (none !== undefined) return etagMatches(none, meta.etag);
  const since = seconds(header('if-modified-since'));
  return since !== null && modifiedAt(meta) <= since;
}

// HTTP dates have whole seconds; one that does not parse is ignored, as RFC 9110 asks.
const modifiedAt = (meta: Meta): number => Math.floor(Date.parse(meta.modified) / 1000);

function seconds(date: string | undefined): number | null {
  const at = Date.parse(date ?? '');
  return Number.isNaN(at) ? null : Math.floor(at / 1000);
}

/** First and last byte; null means the whole object, for no range and for one S3 ignores. Throws 416. */
export function parseRange(range: string | undefined, size: number): { start: number; end: number } | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(range?.trim() ?? '');
  if (!range || !match || (!match[1] && !match[2])) return null;
  const last = match[2] ? Number(match[2]) : size - 1;
  if (match[1] && match[2] && Number(match[1]) > last) return null;
  const start = match[1] ? Number(match[1]) : Math.max(0, size - last);
  const end = match[1] ? Math.min(last, size - 1) : size - 1;
  if (start >= size || start > end) {
    throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable', {
      detail: { RangeRequested: range, ActualObjectSize: String(size) },
      headers: { 'content-range': `bytes */${size}` },
    });
  }
  return { start, end };
}
