import process from 'node:process';
import { startTestCloud } from '../support/cloud.ts';
import { optionsOf } from './service.ts';

// A local cloud in a process of its own: `serve.ts <workload>`. Says where its pages are, answers any message with the bytes of its
// heap, and goes when the parent does.

// As people start it: policies are enforced in tests, and on request.
const cloud = await startTestCloud({ ...optionsOf(process.argv[2] ?? ''), enforceIam: false });
process.on('disconnect', () => void cloud.remove().then(() => process.exit()));
process.on('message', () => {
  globalThis.gc?.();
  process.send?.(process.memoryUsage().heapUsed);
});
process.send?.(cloud.web);
