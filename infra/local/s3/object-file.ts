import { closeSync, fstatSync, fsync, fsyncSync, linkSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import * as z from 'zod';
import { ChecksumName } from './checksums.ts';
import { S3Error } from './errors.ts';
import type { SpareFiles } from './spare-files.ts';

export const Lock = z.strictObject({
  mode: z.enum(['GOVERNANCE', 'COMPLIANCE']).nullable(),
  until: z.iso.datetime().nullable(),
  hold: z.boolean(),
});
export type Lock = z.infer<typeof Lock>;

/** First line of an object file, as JSON; the body follows unchanged. One file, so one link makes both visible. */
export const Meta = z.strictObject({
  schema_version: z.literal('s3_object_v1'),
  key: z.string(),
  version_id: z.string().nullable(),
  delete_marker: z.boolean(),
  size: z.int().nonnegative(),
  /** Without quotes. */
  etag: z.string(),
  modified: z.iso.datetime(),
  /** Of the body; only recovery reads it. */
  crc32: z.number(),
  /** Content type and the like, and `x-amz-meta-*`. */
  headers: z.record(z.string(), z.string()),
  checksums: z.partialRecord(ChecksumName, z.string()),
  checksum_type: z.enum(['FULL_OBJECT', 'COMPOSITE']),
  lock: Lock,
});
export type Meta = z.infer<typeof Meta>;

/** `offset`: where the body starts in the file, in bytes. */
export type Header = { meta: Meta; offset: number };

const fsyncLater = promisify(fsync);
const NEWLINE = 0x0a;

export const encodeMeta = (meta: Meta): Buffer => Buffer.from(`${JSON.stringify(meta)}\n`);

export const bodyCrc = (body: Buffer[]): number => body.reduce((sum, chunk) => crc32(chunk, sum), 0);

/**
 * Publishes `chunks` as `final`; false when that name is taken. Written to `temp` first, so no reader and no crash of this
 * process ever meets half an object.
 *
 * The link comes before the fsync on purpose: fsync of a file makes its names durable too on journaling file systems, and so
 * one flush does the work of two (file, then folder). After a power cut the file may be torn; its temp name is removed only after the
 * flush and therefore still marks it, and `recoverTemp` decides. Nothing is acknowledged before the flush.
 */
export async function publish(spares: SpareFiles, temp: string, final: string, chunks: Buffer[]): Promise<boolean> {
  const fd = spares.open(temp);
  try {
    writeAll(fd, chunks);
    if (!link(temp, final)) return false;
    await fsyncLater(fd).catch((error: unknown) => {
      rmSync(final, { force: true });
      throw error;
    });
    return true;
  } finally {
    closeSync(fd);
    rmSync(temp, { force: true });
  }
}

function link(temp: string, final: string): boolean {
  try {
    linkSync(temp, final);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Puts `chunks` in the place of `final`, whole or not at all. */
export async function replace(temp: string, final: string, chunks: Buffer[]): Promise<void> {
  const fd = openSync(temp, 'wx');
  try {
    writeAll(fd, chunks);
    await fsyncLater(fd);
    renameSync(temp, final);
    // After the rename once more, for the new name.
    await fsyncLater(fd);
  } finally {
    closeSync(fd);
    rmSync(temp, { force: true });
  }
}

export async function syncFolder(path: string): Promise<void> {
  const fd = openSync(path, 'r');
  try {
    await fsyncLater(fd);
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, chunks: Buffer[]): void {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  // One system call for what is small: the copy is cheaper.
  for (const chunk of total <= 65_536 ? [Buffer.concat(chunks, total)] : chunks) {
    for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
  }
}

/** Throws 500 naming the file when its first line is not the description of an object. */
export function readHeader(folder: string, file: string): Header {
  const fd = openSync(join(folder, file), 'r');
  try {
    const line = firstLine(fd);
    const parsed = Meta.safeParse(parseJson(line));
    if (!parsed.success) throw unreadable(file, 'its first line is no object description');
    if (fstatSync(fd).size !== line.length + 1 + parsed.data.size) throw unreadable(file, `it does not hold ${parsed.data.size} bytes`);
    return { meta: parsed.data, offset: line.length + 1 };
  } finally {
    closeSync(fd);
  }
}

const unreadable = (file: string, why: string) =>
  new S3Error(500, 'InternalError', `The stored file ${file} was changed by something else: ${why}. Restore it or remove it, then restart`);

function firstLine(fd: number): Buffer {
  for (let length = 4096; ; length *= 8) {
    const bytes = Buffer.alloc(length);
    const read = readSync(fd, bytes, 0, length, 0);
    const end = bytes.indexOf(NEWLINE);
    if (end >= 0 && end < read) return bytes.subarray(0, end);
    if (read < length) return Buffer.alloc(0);
  }
}

function parseJson(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    return null;
  }
}

/** `length` bytes of the body from `start`. */
export function readBody(folder: string, file: string, position: number, length: number): Buffer {
  const fd = openSync(join(folder, file), 'r');
  try {
    const body = Buffer.allocUnsafe(length);
    let at = 0;
    while (at < length) {
      const read = readSync(fd, body, at, length - at, position + at);
      if (read === 0) throw unreadable(file, `it ends ${length - at} bytes early`);
      at += read;
    }
    return body;
  } finally {
    closeSync(fd);
  }
}

/** True when the file is whole; then it is durable as well. */
export function isWhole(folder: string, file: string): boolean {
  try {
    const { meta, offset } = readHeader(folder, file);
    if (bodyCrc([readBody(folder, file, offset, meta.size)]) !== meta.crc32) return false;
  } catch {
    return false;
  }
  const fd = openSync(join(folder, file), 'r');
  fsyncSync(fd);
  closeSync(fd);
  return true;
}
