import { defineConfig } from 'vitest/config';

// Test files of a worker share its modules: a process each would cost a fifth of the time. Whoever changes what is global puts it back.
const project = (name: string, include: string[], testTimeout: number) => ({
  test: { name, include, testTimeout, isolate: false, hookTimeout: 60_000, env: { HOLDPOINT_LLM_DISABLE_NETWORK: '1' } },
});

export default defineConfig({
  test: {
    // Two cores: the default leaves one of them idle.
    maxWorkers: 2,
    globalSetup: 'test/support/temporary.ts',
    projects: [
      project('unit', ['{contracts,functions,adapters,cli,infra}/**/*.test.ts'], 10_000),
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
