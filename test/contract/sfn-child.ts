import { appendFileSync } from 'node:fs';
import { createSfn } from '../../infra/local/sfn/service.ts';
import { serveHttp } from '../../infra/local/wire.ts';

/**
 * The service in a process of its own, to be killed: `node sfn-child.ts <data folder> <calls file> <machine JSON> <life>`. Every call of
 * a function is a line of the calls file, written before anything else happens. In life 1, `hang` never returns and `weak` fails.
 */
const [dataDir = '', callsFile = '', definition = '', life = '1'] = process.argv.slice(2);

const service = await createSfn({
  dataDir,
  machines: [{ name: 'm', definition: JSON.parse(definition) }],
  region: 'us-east-1',
  account: '000000000000',
  invoke: async ({ functionArn, payload }) => {
    const name = functionArn.split(':').at(-1) ?? '';
    appendFileSync(callsFile, `${JSON.stringify({ name, life, payload })}\n`);
    if (life === '1' && name === 'hang') await new Promise(() => {});
    if (life === '1' && name === 'weak') return { ok: false, errorType: 'RetryableError', errorMessage: 'weak' };
    return { ok: true, payload: { from: name } };
  },
});
const server = await serveHttp((request) => service.handle(request), { port: 0, host: '127.0.0.1' });
process.stdout.write(`port ${server.port}\n`);
