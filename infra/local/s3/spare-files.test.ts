import { closeSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createSpareFiles } from './spare-files.ts';

let home: string;
let spare: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdpoint-spare-'));
  spare = join(home, 'spare');
});
afterEach(() => rmSync(home, { recursive: true }));

const madeAhead = () => vi.waitFor(() => expect(readdirSync(spare)).toHaveLength(8));

it('the first file is made at once, the next ones are there already and only get their names', async () => {
  const files = createSpareFiles(spare);
  closeSync(files.open(join(home, 'first')));
  await madeAhead();
  const [before] = [readdirSync(spare)];
  const descriptor = files.open(join(home, 'second'));
  writeFileSync(descriptor, 'text');
  closeSync(descriptor);
  expect(readdirSync(home).toSorted()).toEqual(['first', 'second', 'spare']);
  expect(readdirSync(spare).filter((name) => before.includes(name))).toHaveLength(7);
  files.close();
});

it('what another process cleared away is made anew', async () => {
  const files = createSpareFiles(spare);
  closeSync(files.open(join(home, 'first')));
  await madeAhead();
  rmSync(spare, { recursive: true });
  mkdirSync(spare);
  closeSync(files.open(join(home, 'second')));
  expect(existsSync(join(home, 'second'))).toBe(true);
  files.close();
});

it('what a crash left is removed when it is opened, and nothing is left when it is closed', async () => {
  mkdirSync(spare);
  writeFileSync(join(spare, 'left'), '');
  const files = createSpareFiles(spare);
  expect(readdirSync(spare)).toEqual([]);
  closeSync(files.open(join(home, 'first')));
  files.close();
  await vi.waitFor(() => expect(readdirSync(home)).toEqual(['first']));
});
