import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startCloud } from './cloud.ts';
import { runDemo } from './demo.ts';
import { FolderInUse } from './lock.ts';

const UNAVAILABLE = 69;
/** A close that takes longer is cut off, in ms: whatever is unfinished continues at the next start. */
const CLOSE_WITHIN_MS = 1_500;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4400' },
    'aws-port': { type: 'string', default: '4566' },
    data: { type: 'string', default: '.holdpoint' },
    demo: { type: 'boolean', default: false },
    'simulate-llm': { type: 'boolean', default: false },
    'enforce-iam': { type: 'boolean', default: false },
    'sign-in': { type: 'boolean', default: false },
  },
});

const portTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';

const explain = (error: unknown): string => {
  if (error instanceof FolderInUse) return error.message;
  if (error instanceof Error && error.message.startsWith('bad configuration')) return error.message;
  if (portTaken(error))
    return `${error instanceof Error ? error.message : ''}; choose another with --port and --aws-port (0 takes a free one)`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
};

try {
  const cloud = await startCloud({
    port: Number(values.port),
    awsPort: Number(values['aws-port']),
    dataDir: resolve(values.data),
    environment: process.env,
    ...(values['simulate-llm'] ? { simulate: {} } : {}),
    ...(values['sign-in'] ? { oidc: true as const } : {}),
    enforceIam: values['enforce-iam'],
    report: (message) => process.stderr.write(`holdpoint: ${message}\n`),
  });
  const stop = () => {
    setTimeout(() => process.exit(0), CLOSE_WITHIN_MS).unref();
    void cloud.close().then(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  if (cloud.simulator) process.stdout.write(`simulator ${cloud.simulator.url}\n`);
  if (cloud.oidc) process.stdout.write(`people sign in at ${cloud.oidc.issuer}\n`);
  if (values.demo) for (const line of await runDemo(cloud.web, cloud.oidc)) process.stdout.write(`${line}\n`);
  process.stdout.write(`ready ${cloud.web}\n`);
} catch (error) {
  process.stderr.write(`holdpoint: cannot start the local cloud: ${explain(error)}\n`);
  process.exitCode = UNAVAILABLE;
}
