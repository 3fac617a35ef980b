import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** A request as it left the socket, or as an in-process client built it. */
export type AwsRequest = {
  method: string;
  /** Raw: percent-encoded as sent, without the query. */
  path: string;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: Buffer;
};

export type AwsResponse = { status: number; headers: Record<string, string>; body: Buffer | string };

export type Handle = (request: AwsRequest) => Promise<AwsResponse>;

const MIB = 1024 * 1024;

/**
 * Serves `handle` over HTTP/1.1. `port: 0` takes a free port. A body above `bodyLimit` bytes (default 256 MiB) is
 * answered 413. `close` cuts open connections, so it never waits for a client; it rejects nothing.
 */
export async function serveHttp(
  handle: Handle,
  options: { port: number; host: '127.0.0.1'; bodyLimit?: number },
): Promise<{ port: number; close(): Promise<void> }> {
  const limit = options.bodyLimit ?? 256 * MIB;
  const server = createServer((incoming, outgoing) => void exchange(handle, limit, incoming, outgoing));
  // Longer than the idle time of SDK connection pools, or they reuse a socket in the moment it closes.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no TCP port');
  return { port: address.port, close };
}

async function exchange(handle: Handle, limit: number, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  let answer: AwsResponse;
  try {
    const body = await readBody(incoming, limit);
    answer = body === null ? tooLarge(limit) : await handle(toRequest(incoming, body));
  } catch (error) {
    if (incoming.destroyed && !incoming.complete) return;
    answer = { status: 500, headers: { 'content-type': 'text/plain' }, body: `internal error: ${String(error)}` };
  }
  send(outgoing, answer, incoming.method === 'HEAD');
}

/** The whole body, or null when it is longer than `limit` bytes: the rest is read and dropped, so that the client hears the answer. */
async function readBody(incoming: IncomingMessage, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (size > limit) return null;
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size);
}

const tooLarge = (limit: number): AwsResponse => ({
  status: 413,
  headers: { 'content-type': 'text/plain' },
  body: `the request body is larger than ${limit} bytes; send it in parts`,
});

function toRequest(incoming: IncomingMessage, body: Buffer): AwsRequest {
  const url = incoming.url ?? '/';
  const mark = url.indexOf('?');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return {
    method: incoming.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    headers,
    body,
  };
}

function send(outgoing: ServerResponse, answer: AwsResponse, head: boolean): void {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) headers[name] = headerBytes(value);
  const bodiless = head || answer.status === 204 || answer.status === 304;
  if (!bodiless) headers['content-length'] = String(Buffer.byteLength(answer.body));
  outgoing.writeHead(answer.status, headers);
  outgoing.end(bodiless ? undefined : answer.body);
}

// A header value is bytes, one per character: text beyond Latin-1 travels as its UTF-8 bytes; a line break must not travel at all.
const headerBytes = (value: string): string =>
  (/[^\u0000-\u00ff]/.test(value) ? Buffer.from(value, 'utf8').toString('latin1') : value).replace(/[\r\n\0]/g, ' ');
