import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { MEMORY } from '../../cli/verbs/up.ts';
import type { CloudOptions } from '../../infra/local/cloud.ts';
import { chainOptions } from '../support/chain/chain.ts';

/** What is measured: the reference job, and the chain of eight states and two approvals that do nothing. */
export const WORKLOADS = ['sample_idea', 'chain'] as const;
export type Workload = (typeof WORKLOADS)[number];

export const optionsOf = (workload: string): Partial<CloudOptions> => (workload === 'chain' ? chainOptions() : {});

export type Service = {
  web: string;
  /** Bytes in use after a collection. */
  heapUsed(): Promise<number>;
};

const SERVE = fileURLToPath(new URL('./serve.ts', import.meta.url));

/** Runs `work` against a service in a process of its own, as people run it: what a client does with an answer is not the service's time. */
export const withService = async <T>(workload: Workload, work: (service: Service) => Promise<T>): Promise<T> => {
  const child = fork(SERVE, [workload], { execArgv: ['--expose-gc', ...MEMORY] });
  const exit = once(child, 'exit');
  const answer = async (): Promise<unknown> => {
    const [message] = await Promise.race([once(child, 'message'), exit.then(() => [null])]);
    return message;
  };
  try {
    const web = await answer();
    if (typeof web !== 'string') throw new Error(`the service for ${workload} did not start`);
    const heapUsed = async (): Promise<number> => {
      child.send('heap');
      return Number(await answer());
    };
    return await work({ web, heapUsed });
  } finally {
    if (child.connected) child.disconnect();
    await exit;
  }
};
