import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HistoryEvent, SFNClient } from '@aws-sdk/client-sfn';
import { onTestFinished } from 'vitest';
import { createSfn, type SfnService } from '../../infra/local/sfn/service.ts';
import { serveHttp } from '../../infra/local/wire.ts';

export type Functions = Record<string, (payload: never) => unknown>;
export type Call = { name: string; payload: Record<string, unknown> };

export const functionArn = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
export const arn = (kind: 'stateMachine' | 'execution', rest: string): string => `arn:aws:states:us-east-1:000000000000:${kind}:${rest}`;

/** A task that passes its whole input to a function; its result is the payload. */
export const task = (name: string, more: object = {}): object => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Parameters: { FunctionName: functionArn(name), Payload: { 'input.$': '$' } },
  OutputPath: '$.Payload',
  TimeoutSeconds: 60,
  ...more,
});

/** A task that gives a function its token and waits for the answer. */
export const hold = (name: string, more: object = {}): object => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
  Parameters: { FunctionName: functionArn(name), Payload: { 'token.$': '$$.Task.Token', 'input.$': '$' } },
  TimeoutSeconds: 2_592_000,
  ...more,
});

export const machine = (states: Record<string, object>, more: object = {}): object => ({
  StartAt: Object.keys(states)[0],
  States: states,
  ...more,
});

export const clientFor = (port: number): SFNClient =>
  new SFNClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    disableHostPrefix: true,
  });

export type Running = { client: SFNClient; service: SfnService; dataDir: string; calls: Call[]; close(): Promise<void> };

/** Gone when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-sfn-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** The service on a free port, with functions of the test's own by the last part of their ARN. Closed when the test ends. */
export async function startSfn(options: {
  machines: Record<string, object>;
  functions?: Functions;
  dataDir?: string;
  now?: () => Date;
}): Promise<Running> {
  const dataDir = options.dataDir ?? temporaryFolder();
  const calls: Call[] = [];
  const invoke = async ({ functionArn: called, payload }: { functionArn: string; payload: unknown }) => {
    const name = called.split(':').at(-1) ?? '';
    calls.push({ name, payload: payload as Record<string, unknown> });
    try {
      return { ok: true as const, payload: await options.functions?.[name]?.(payload as never) };
    } catch (error) {
      const { name: errorType, message: errorMessage } = error as Error;
      return { ok: false as const, errorType, errorMessage };
    }
  };
  const service = await createSfn({
    dataDir,
    machines: Object.entries(options.machines).map(([name, definition]) => ({ name, definition })),
    region: 'us-east-1',
    account: '000000000000',
    invoke,
    ...(options.now ? { now: options.now } : {}),
  });
  const server = await serveHttp((request) => service.handle(request), { port: 0, host: '127.0.0.1' });
  const client = clientFor(server.port);
  const close = async () => {
    client.destroy();
    await server.close();
    await service.close();
  };
  onTestFinished(close);
  return { client, service, dataDir, calls, close };
}

/** An error of a given name, as a function would throw it. */
export const failing = (name: string, message = 'no'): (() => never) => {
  return () => {
    throw Object.assign(new Error(message), { name });
  };
};

/** Waits until `ask` answers something, at most 5 s. */
export async function eventually<T>(ask: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  for (let tries = 0; tries < 500; tries++) {
    const found = await ask();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it did not happen within 5 s');
}

export const types = (events: HistoryEvent[] | undefined): string[] => (events ?? []).map((event) => event.type ?? '');
