import { spawn } from 'node:child_process';
import process from 'node:process';

/** Checks of the repository, run side by side. Each prints only when it fails. */
const CHECKS: Record<string, string[]> = {
  types: ['tsc'],
  lint: ['oxlint', '--type-aware', '--deny-warnings', '.'],
  format: ['biome', 'check', '--error-on-warnings', '.'],
  lock: ['node', 'tools/complete-lock.mjs', '--check'],
  schemas: ['node', 'tools/schemas.ts', '--check'],
  cassettes: ['node', 'tools/cassettes.ts', '--check'],
  prices: ['node', 'tools/prices.ts', '--check'],
  reference: ['node', 'tools/reference.ts', '--check'],
  docs: ['node', 'tools/docs.ts', '--check'],
  llm: ['node', 'tools/llm-sites.ts', '--check'],
};

const run = (name: string, [command = '', ...args]: string[]): Promise<boolean> =>
  new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
    child.on('error', (error) => output.push(Buffer.from(`${error.message}; run "npm ci" first\n`)));
    child.on('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      process.stdout.write(`${code === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(10)} ${seconds} s\n`);
      if (code !== 0) process.stdout.write(Buffer.concat(output));
      resolve(code === 0);
    });
  });

const results = await Promise.all(Object.entries(CHECKS).map(([name, command]) => run(name, command)));
process.exitCode = results.every(Boolean) ? 0 : 1;
