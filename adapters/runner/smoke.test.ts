import { createServer, type Server } from 'node:http';
import { afterAll, describe, expect, it } from 'vitest';
import { SmokeContract } from '../../contracts/runner.ts';
import { smoke } from './smoke.ts';

const contract = SmokeContract.parse({ url_env: 'HOLDPOINT_URL', timeout_seconds: 5 });
const servers: Server[] = [];
afterAll(() => Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve)))));

const asked: string[] = [];
const serve = async (answers: Record<string, [number, string]>): Promise<string> => {
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const [status, body] = answers[request.url ?? ''] ?? [200, '{}'];
    response.writeHead(status, { connection: 'close', ...(status === 302 ? { location: '/healthz' } : {}) }).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
};
const QUEUE = '{"running":1,"waiting":0,"oldest_s":3,"serial_gate":"closed"}';

describe('smoke', () => {
  it('asks three addresses, by GET alone, and reads the serial gate', async () => {
    const report = await smoke(contract, { HOLDPOINT_URL: await serve({ '/queue': [200, QUEUE] }) });
    expect(asked.toSorted()).toEqual(['GET /healthz', 'GET /queue', 'GET /status']);
    expect(report).toEqual({
      probes: ['/healthz', '/status', '/queue'].map((path) => ({ path, status: 200, problem: null })),
      serial_gate: 'closed',
    });
  });

  it('says what is wrong with an answer', async () => {
    const url = await serve({ '/healthz': [503, ''], '/status': [302, ''], '/queue': [200, '{"serial_gate":"ajar"}'] });
    const { probes, serial_gate } = await smoke(contract, { HOLDPOINT_URL: url });
    expect(probes.map(({ status, problem }) => [status, problem])).toEqual([
      [503, null],
      [302, null],
      [200, 'HTTP 200 without a serial_gate'],
    ]);
    expect(serial_gate).toBeNull();
  });

  it('has no answer where nobody listens, or no address is given', async () => {
    const gone = await smoke(contract, { HOLDPOINT_URL: 'http://127.0.0.1:1' });
    expect(gone.probes.every(({ status }) => status === null)).toBe(true);
    expect((await smoke(contract, {})).probes).toEqual([
      { path: '/healthz', status: null, problem: 'the variable HOLDPOINT_URL is not set' },
    ]);
    expect((await smoke(contract, { HOLDPOINT_URL: 'nowhere' })).probes[0]?.problem).toBe('the variable HOLDPOINT_URL is not an address');
  });
});
