import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FolderInUse, lockFolder } from './lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdpoint-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('is held by one, named to the other, and given back', () => {
  const unlock = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(FolderInUse);
  expect(() => lockFolder(folder)).toThrow(`process ${process.pid}`);
  unlock();
  lockFolder(folder)();
  expect(readdirSync(folder)).toEqual([]);
});

it.each([
  ['a process that is gone', JSON.stringify({ pid: 2 ** 22 + 12345, started: '1' })],
  ['a process whose number another one has now', JSON.stringify({ pid: process.pid, started: 'never' })],
  ['a write that was torn', '{"pi'],
])('is taken over from %s', (_, text) => {
  writeFileSync(join(folder, 'lock.json'), text);
  lockFolder(folder)();
  expect(readdirSync(folder)).toEqual([]);
});
