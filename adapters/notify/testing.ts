import { createServer, type IncomingMessage } from 'node:http';
import type { Artifacts } from '../../contracts/ports.ts';
import { sha256Hex } from '../../functions/lib/hash.ts';

// A receiver on this machine, and artifacts in memory. For tests only.

export type Received = { path: string; headers: Record<string, string>; body: string };
export type Fault = { status?: number; headers?: Record<string, string>; ends?: 'hang' | 'reset' };

export type Receiver = { url: string; received: Received[]; close(): Promise<void> };

const bodyOf = async (incoming: IncomingMessage): Promise<string> => Buffer.concat(await incoming.toArray()).toString('utf8');

/** Answers each request as the next fault says, and 200 when there are none left. */
export const startReceiver = async (faults: Fault[] = []): Promise<Receiver> => {
  const received: Received[] = [];
  const server = createServer((incoming, outgoing) => {
    void bodyOf(incoming).then((body) => {
      const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
      received.push({ path: incoming.url ?? '', headers, body });
      const fault = faults.shift() ?? {};
      if (fault.ends === 'reset') incoming.socket.destroy();
      else if (fault.ends !== 'hang') outgoing.writeHead(fault.status ?? 200, fault.headers).end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the receiver listens on no TCP port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

export type Files = Map<string, string>;

/** Conditional creation as S3 has it: of all writers of a free key, one wins. */
export const memoryArtifacts = (files: Files): Artifacts => ({
  put: async (key, body) => {
    files.set(key, body);
    return { key, sha256: sha256Hex(body), bytes: Buffer.byteLength(body) };
  },
  create: async (key, body) => {
    await Promise.resolve();
    if (files.has(key)) return false;
    files.set(key, body);
    return true;
  },
  get: async (key) => {
    const body = files.get(key);
    return body === undefined ? null : { body: new TextEncoder().encode(body), content_type: 'application/json' };
  },
  list: async (prefix) =>
    [...files]
      .filter(([key]) => key.startsWith(prefix))
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([key, body]) => ({ key, bytes: body.length })),
});
