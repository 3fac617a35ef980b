import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, openWorld, type TestWorld } from './s3-world.ts';

const installed = spawnSync('aws', ['--version']).status === 0;
if (!installed) console.warn('skipped: the aws CLI is not installed, so it was not tried against the local S3');

describe.skipIf(!installed)('the aws CLI', () => {
  let world: TestWorld;
  let folder: string;
  beforeAll(async () => {
    world = await openWorld();
    folder = mkdtempSync(join(tmpdir(), 's3-cli-'));
  });
  afterAll(async () => {
    await world.close();
    rmSync(folder, { recursive: true });
  });

  const aws = (...args: string[]) =>
    new Promise<{ code: number; out: string }>((resolve) => {
      const env = {
        PATH: process.env.PATH,
        AWS_ENDPOINT_URL: world.url,
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_CONFIG_FILE: join(folder, 'none'),
        AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
      };
      execFile('aws', args, { env }, (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, out: stdout + stderr }));
    });

  test('copies a file there and back, small and in parts, and lists it', async () => {
    const body = Buffer.alloc(9 * 1024 * 1024, 'abcdefg');
    writeFileSync(join(folder, 'large'), body);
    expect(await aws('s3', 'cp', join(folder, 'large'), 's3://files/sub dir/large')).toMatchObject({ code: 0 });
    expect(await aws('s3', 'cp', 's3://files/sub dir/large', join(folder, 'back'))).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'back')).equals(body)).toBe(true);
    const [buckets, top, inside] = await Promise.all([
      aws('s3', 'ls'),
      aws('s3', 'ls', 's3://files'),
      aws('s3', 'ls', 's3://files/sub dir/'),
    ]);
    expect(buckets.out).toMatch(/ events\n.* files\n.* plain\n/);
    expect(top.out).toContain('PRE sub dir/');
    expect(inside.out).toMatch(new RegExp(` ${body.length} large\n`));
  });

  test('creates conditionally once, and presigns', async () => {
    writeFileSync(join(folder, 'small'), 'x');
    const create = () =>
      aws('s3api', 'put-object', '--bucket', 'plain', '--key', 'once', '--body', join(folder, 'small'), '--if-none-match', '*');
    expect((await create()).code).toBe(0);
    const again = await create();
    expect(again.out).toContain('PreconditionFailed');
    expect(again.code).not.toBe(0);
    const url = (await aws('s3', 'presign', 's3://plain/once', '--expires-in', '60')).out.trim();
    expect(await (await fetch(url)).text()).toBe('x');
    expect((await ask(world, 'GET', '/plain/once')).status).toBe(200);
  });
});
