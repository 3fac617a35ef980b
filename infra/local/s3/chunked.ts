import { S3Error } from './errors.ts';

export const isChunked = (headers: Record<string, string>): boolean =>
  headers['x-amz-content-sha256']?.startsWith('STREAMING-') === true || /\baws-chunked\b/.test(headers['content-encoding'] ?? '');

const incomplete = (why: string) => new S3Error(400, 'IncompleteBody', `The aws-chunked body is broken: ${why}`);

/**
 * Undoes the `aws-chunked` framing: `<hex size>[;chunk-signature=…]CRLF <data> CRLF …`, a chunk of size 0, then trailers.
 * Signatures are not checked, like those of any other request here.
 */
export function decodeChunked(headers: Record<string, string>, raw: Buffer): { body: Buffer; trailers: Record<string, string> } {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = raw.indexOf('\r\n', at);
    if (end < 0) throw incomplete('a chunk header has no end');
    const size = chunkSize(raw.toString('latin1', at, end));
    at = end + 2;
    if (size === 0) break;
    if (at + size + 2 > raw.length || raw.toString('latin1', at + size, at + size + 2) !== '\r\n') {
      throw incomplete(`a chunk is not ${size} bytes long`);
    }
    chunks.push(raw.subarray(at, at + size));
    at += size + 2;
  }
  const body = Buffer.concat(chunks);
  const declared = headers['x-amz-decoded-content-length'];
  if (declared !== undefined && Number(declared) !== body.length) {
    throw incomplete(`x-amz-decoded-content-length says ${declared}, the chunks hold ${body.length} bytes`);
  }
  return { body, trailers: readTrailers(headers['x-amz-trailer'], raw.toString('latin1', at)) };
}

function chunkSize(header: string): number {
  const size = /^([0-9a-fA-F]{1,12})(?:;.*)?$/.exec(header)?.[1];
  if (size === undefined) throw incomplete('a chunk header is not a hexadecimal size');
  return Number.parseInt(size, 16);
}

function readTrailers(announced: string | undefined, text: string): Record<string, string> {
  const trailers: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) trailers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  for (const name of announced?.split(',') ?? []) {
    if (trailers[name.trim().toLowerCase()] === undefined) {
      throw new S3Error(400, 'MalformedTrailerError', `The request announced the trailer ${name.trim()} and did not send it`);
    }
  }
  return trailers;
}
