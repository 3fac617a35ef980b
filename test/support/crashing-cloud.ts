import process from 'node:process';
import { startCloud } from '../../infra/local/cloud.ts';
import type { AwsRequest, Handle } from '../../infra/local/wire.ts';

// A local cloud that kills itself at one I/O boundary: `crashing-cloud.ts <data folder> <n> <before|after>`.
// It counts requests that change something, from the moment the parent says "count".

const [dataDir = '', nth = '0', when = 'before'] = process.argv.slice(2);
const { SOURCE_DATE_EPOCH } = process.env;
let counting = false;
let count = 0;

const READS = /\.(GetItem|Query|Scan|DescribeTable|DescribeExecution|GetExecutionHistory|ListExecutions)$/;
const changes = ({ method, headers }: AwsRequest): boolean =>
  method === 'PUT' || (method === 'POST' && !READS.test(headers['x-amz-target'] ?? ''));

const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
};

const intercept =
  (handle: Handle): Handle =>
  async (request) => {
    const mine = counting && changes(request) && ++count === Number(nth);
    if (mine && when === 'before') return die();
    const answer = await handle(request);
    return mine ? die() : answer;
  };

const cloud = await startCloud({
  ...{ port: 0, awsPort: 0, dataDir, environment: { SOURCE_DATE_EPOCH }, enforceIam: true },
  report: () => undefined,
  intercept,
});
process.on('message', () => {
  counting = true;
  process.send?.('counting');
});
process.on('SIGUSR2', () => process.send?.({ count }));
process.send?.(cloud.web);
