#!/usr/bin/env node
// Plain JavaScript: an old host Node must be able to read this file and hand over to the pinned one.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const NEEDED = 24;
const self = fileURLToPath(import.meta.url);
const pinned = ['node', 'node.exe']
  .map((name) => fileURLToPath(new URL(`../node_modules/node/bin/${name}`, import.meta.url)))
  .find((path) => existsSync(path));

/** Runs the same command under the pinned Node, passing signals on and ending as it ends. */
const handOver = (node) => {
  const child = spawn(node, [self, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends CTRL-C to the child itself; twice would mean "at once".
  const signals = process.stdin.isTTY ? ['SIGTERM', 'SIGHUP'] : ['SIGTERM', 'SIGHUP', 'SIGINT'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  if (process.stdin.isTTY) process.on('SIGINT', () => {});
  // Ends the child when this process is killed without a chance to pass the signal on: its pipe closes.
  const guard =
    process.platform === 'win32' || child.pid === undefined
      ? null
      : spawn('/bin/sh', ['-c', 'read _; kill -9 "$0" 2>/dev/null', String(child.pid)], {
          stdio: ['pipe', 'ignore', 'ignore'],
          detached: true,
        });
  guard?.on('error', () => {});
  child.on('error', (error) => refuse(`the pinned Node ${node} does not start (${error.message})`));
  child.on('exit', (code, signal) => {
    guard?.kill('SIGKILL');
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
  });
};

const refuse = (what) => {
  process.stderr.write(`error: ${what}\n`);
  process.stderr.write(
    '  next: run "npm ci" in the repository with install scripts allowed (no --ignore-scripts): it brings the pinned Node\n',
  );
  process.exitCode = 69;
};

if (Number(process.versions.node.split('.')[0]) >= NEEDED) await import('./main.ts');
else if (!pinned) refuse(`Node ${NEEDED} is needed, this is ${process.version}, and node_modules has none`);
else if (realpathSync(pinned) === realpathSync(process.execPath))
  refuse(`Node ${NEEDED} is needed, and the pinned one is ${process.version}`);
else handOver(pinned);
