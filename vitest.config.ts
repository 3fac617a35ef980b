import { defineConfig } from 'vitest/config';

const project = (name: string, include: string[], testTimeout: number, isolate = true) => ({
  test: { name, include, testTimeout, isolate, hookTimeout: 60_000, env: { HOLDPOINT_LLM_DISABLE_NETWORK: '1' } },
});

export default defineConfig({
  test: {
    // Two cores: the default leaves one of them idle.
    maxWorkers: 2,
    globalSetup: 'test/support/temporary.ts',
    projects: [
      // Unit tests keep nothing between them: a process each would only cost time.
      project('unit', ['{contracts,functions,adapters,cli,infra}/**/*.test.ts'], 10_000, false),
      project('contract', ['test/contract/**/*.test.ts'], 30_000),
      project('scenario', ['test/scenario/**/*.test.ts'], 60_000),
      project('infra', ['test/infra/**/*.test.ts'], 60_000),
      project('browser', ['test/browser/**/*.test.ts'], 60_000),
      // Report, never gate: see `npm run test:aspirational` and `npm run test:research`.
      project('aspirational', ['test/aspirational/**/*.test.ts'], 120_000),
      project('research', ['test/research/**/*.test.ts'], 120_000),
    ],
  },
});
