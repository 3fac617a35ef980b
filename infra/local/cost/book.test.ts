import { AsyncResource } from 'node:async_hooks';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { NO_UNITS } from '../../../contracts/pricing.ts';
import { openBook } from './book.ts';
import { createScopes, type Kind } from './scope.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdpoint-book-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('keeps what was entered, by job and kind, over restarts and torn lines, in one line each', async () => {
  const file = join(folder, 'cost.jsonl');
  const first = openBook(file);
  first.enter('a', 'job', { ...NO_UNITS, s3_puts: 2 });
  first.enter('a', 'job', { ...NO_UNITS, s3_puts: 1, s3_gets: 1 });
  first.enter('a', 'viewing', { ...NO_UNITS, s3_gets: 7 });
  first.enter('b', 'upkeep', { ...NO_UNITS, signatures: 0.5 });
  await first.close();
  appendFileSync(file, '{"job":"a","kind":"job","un');
  const second = openBook(file);
  expect(second.read('a')).toMatchObject({ job: { s3_puts: 3, s3_gets: 1 }, viewing: { s3_gets: 7 }, upkeep: NO_UNITS });
  expect(second.read('b').upkeep.signatures).toBe(0.5);
  expect(second.read('unknown').job).toEqual(NO_UNITS);
  await second.close();
  expect(readFileSync(file, 'utf8').split('\n').filter(Boolean)).toHaveLength(6);
});

const entered = () => {
  const all: { job: string; kind: Kind; puts: number; gets: number }[] = [];
  return { all, scopes: createScopes((job, kind, units) => all.push({ job, kind, puts: units.s3_puts, gets: units.s3_gets })) };
};

it('what a request does not say is for the jobs of its piece of work, evenly; for none it is nobody’s', async () => {
  const { all, scopes } = entered();
  await scopes.during('upkeep', async () => {
    scopes.count(null, { s3_gets: 4 });
    scopes.count('a', { s3_puts: 1 });
    scopes.count('b', { s3_puts: 3 });
  });
  await scopes.during('job', async () => scopes.count(null, { s3_gets: 9 }));
  expect(all).toEqual([
    { job: 'a', kind: 'upkeep', puts: 1, gets: 2 },
    { job: 'b', kind: 'upkeep', puts: 3, gets: 2 },
  ]);
});

it('pieces of work that run at once, or one inside another, are kept apart, and what comes late is counted too', async () => {
  const { all, scopes } = entered();
  let late = (): void => undefined;
  await scopes.during('viewing', async () => {
    late = AsyncResource.bind(() => scopes.count('v', { s3_gets: 1 }));
    scopes.count('v', { s3_gets: 1 });
    await Promise.all(
      ['a', 'b'].map((job) =>
        scopes.during('job', async () => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          scopes.count(job, { s3_puts: 1 });
        }),
      ),
    );
  });
  late();
  expect(
    all
      .filter(({ kind }) => kind === 'job')
      .map(({ job, puts }) => `${job}${puts}`)
      .toSorted(),
  ).toEqual(['a1', 'b1']);
  expect(all.filter(({ kind }) => kind === 'viewing')).toHaveLength(2);
});
