import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type Simulator, type SimulatorOptions, startSimulator } from './simulator/simulator.ts';

/** Not a secret: the simulator takes any key, and a client must send one. */
const KEY_NAME = 'HOLDPOINT_SIMULATED_KEY';

/** Variables that point a chain of two real clients at the simulator. What the caller sets itself wins. */
const chainAt = ({ baseUrls }: Simulator): Record<string, string> => ({
  HOLDPOINT_LLM_MODE: 'live',
  HOLDPOINT_LLM_PROVIDER: 'anthropic,openai-compatible',
  HOLDPOINT_LLM_BASE_URL_1: baseUrls.anthropic,
  HOLDPOINT_LLM_MODEL_1: 'claude-sonnet-5',
  HOLDPOINT_LLM_API_KEY_ENV_1: KEY_NAME,
  HOLDPOINT_LLM_BASE_URL_2: baseUrls.openai,
  HOLDPOINT_LLM_MODEL_2: 'gpt-5.4',
  HOLDPOINT_LLM_API_KEY_ENV_2: KEY_NAME,
  HOLDPOINT_LLM_PRICE_2: '1,4',
  [KEY_NAME]: 'simulated-key',
});

export type Simulated = { simulator: Simulator; environment: Record<string, string | undefined> };

const Kept = z.object({ port: z.int().min(1).max(65_535) });

const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';

/** On the port of the last start, where that is free: the address is part of what an approver of live calls has signed. */
const startAgain = async (dataDir: string, options: Partial<SimulatorOptions>): Promise<Simulator> => {
  const file = join(dataDir, 'simulator.json');
  const port = existsSync(file) ? Kept.parse(JSON.parse(readFileSync(file, 'utf8'))).port : 0;
  const simulator = await startSimulator({ port, ...options }).catch((error: unknown) => {
    if (isTaken(error)) return startSimulator({ ...options, port: 0 });
    throw error;
  });
  writeFileSync(file, JSON.stringify({ port: simulator.port }));
  return simulator;
};

/** Starts the provider simulator, and says what the local cloud must be told to use it. */
export const simulateProviders = async (
  environment: Record<string, string | undefined>,
  { dataDir, ...options }: Partial<SimulatorOptions> & { dataDir: string },
): Promise<Simulated> => {
  const simulator = await startAgain(dataDir, options);
  return { simulator, environment: { ...chainAt(simulator), ...environment } };
};
