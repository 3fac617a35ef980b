import { Readable } from 'node:stream';
import type { RequestHandler } from '../../adapters/aws/clients.ts';
import type { Handle } from './wire.ts';

type SdkRequest = {
  method: string;
  path: string;
  query?: Record<string, string | string[] | null>;
  headers: Record<string, string>;
  body?: unknown;
};

const bodyOf = async (body: unknown): Promise<Buffer> => {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (body instanceof Readable) return Buffer.concat(await body.toArray());
  throw new Error('the in-process transport takes text, bytes or a stream as body');
};

const queryOf = (query: SdkRequest['query']): URLSearchParams => {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) params.append(name, one);
  }
  return params;
};

/**
 * A request handler for AWS SDK clients that calls the endpoint in this process instead of opening a socket.
 * Requests are serialized as for the wire; signature and transport are skipped.
 */
export const inProcess = (handle: Handle): RequestHandler => ({
  handle: async (request: SdkRequest) => {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]));
    const answer = await handle({
      method: request.method,
      path: request.path,
      query: queryOf(request.query),
      headers,
      body: await bodyOf(request.body),
    });
    // Whoever reads an object is given a stream; every other answer is taken whole.
    const whole = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
    const streams = request.method === 'GET' && answer.status < 300;
    const body = streams ? Readable.from([whole], { objectMode: false }) : whole;
    const answered = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value]));
    return { response: { statusCode: answer.status, headers: answered, body } };
  },
});
