import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CONTRACT_FILE } from '../../contracts/runner.ts';
import { readCheck } from './contract.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'holdpoint-contract-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the contract of this repository', () => {
  it('has a check for each purpose, and its tests are a script of package.json', async () => {
    const test = await readCheck(ROOT, 'test');
    const [npm, run, script = ''] = 'check' in test ? test.check.command : [];
    expect([npm, run]).toEqual(['npm', 'run']);
    expect(Object.keys(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts)).toContain(script);
    expect(await readCheck(ROOT, 'staging')).toMatchObject({ check: { smoke: { url_env: 'HOLDPOINT_URL' } } });
  });
});

describe('readCheck', () => {
  it('says which file is missing, what in it cannot be read, and which purpose it lacks', async () => {
    const problem = async () => JSON.stringify(await readCheck(folder, 'staging'));
    const write = (text: string) => writeFileSync(join(folder, CONTRACT_FILE), text);
    expect(await problem()).toContain(`write ${CONTRACT_FILE} at its root`);
    write('{');
    expect(await problem()).toContain('is not JSON');
    write('{"schema_version":"test_contract_v9"}');
    expect(await problem()).toContain('test_contract_v9');
    write('{"schema_version":"test_contract_v1","checks":[{"purpose":"test","command":["true"],"timeout_seconds":1}]}');
    expect(await problem()).toContain('no check for the purpose');
  });
});
