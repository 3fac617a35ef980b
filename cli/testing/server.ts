import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

export type Request = { method: string; path: string; query: URLSearchParams; headers: IncomingMessage['headers']; body: string };
export type Reply = { status?: number; json?: unknown; text?: string; type?: string } | ((response: ServerResponse) => void);
export type Handler = (request: Request) => Reply;

export type FakeServer = { url: string; requests: Request[]; handle: Handler; close: () => Promise<void> };

const answer = (response: ServerResponse, reply: Reply): void => {
  if (typeof reply === 'function') {
    reply(response);
    return;
  }
  response.writeHead(reply.status ?? 200, { 'content-type': reply.type ?? 'application/json' });
  response.end(reply.text ?? JSON.stringify(reply.json ?? {}));
};

export const problem = (status: number, code: string, more: Record<string, unknown> = {}): Reply => ({
  status,
  type: 'application/problem+json',
  json: { ...more, type: `urn:holdpoint:problem:${code.toLowerCase()}`, title: code, status, detail: `refused with ${code}`, code },
});

/** A server on a free loopback port that answers as told, and remembers what it was asked. */
export const startServer = async (handle: Handler, port = 0): Promise<FakeServer> => {
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const seen = { method: request.method ?? '', path: url.pathname, query: url.searchParams, headers: request.headers, body };
      fake.requests.push(seen);
      answer(response, fake.handle(seen));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const fake: FakeServer = {
    url: `http://127.0.0.1:${address.port}`,
    requests: [],
    handle,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
};
