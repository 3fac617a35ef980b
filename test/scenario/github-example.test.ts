import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JOB_MACHINE_ARN } from '../../infra/local/settings.ts';
import { call, startTestCloud, type TestCloud, until, untilSettled } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

const run = promisify(execFile);
const installed = spawnSync('aws', ['--version']).status === 0;
const SCRIPTS = path.resolve(import.meta.dirname, '../../docs/examples/github/start-job');

describe.skipIf(!installed)('the example for GitHub Actions, step by step', () => {
  let cloud: TestCloud;
  let output = '';
  beforeAll(async () => {
    cloud = await startTestCloud();
    output = path.join(cloud.dataDir, 'output');
  });
  afterAll(() => cloud.remove());

  const environment = (more: Record<string, string>) => ({
    env: {
      ...{ PATH: process.env['PATH'], AWS_ENDPOINT_URL: cloud.aws, AWS_DEFAULT_REGION: 'us-east-1' },
      ...{ AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any', GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: output, ...more },
    },
  });
  const start = async (name: string, spec: object): Promise<Record<string, string>> => {
    const file = path.join(cloud.dataDir, 'spec.json');
    writeFileSync(file, JSON.stringify(spec));
    writeFileSync(output, '');
    await run(
      path.join(SCRIPTS, 'start.sh'),
      environment({ SPEC: file, NAME: name, MACHINE_ARN: `${JOB_MACHINE_ARN}:live`, URL: `${cloud.web}/` }),
    );
    const lines = readFileSync(output, 'utf8').split('\n');
    return Object.fromEntries(lines.flatMap((line) => (/^[a-z-]+=/.test(line) ? [line.split('=', 2)] : [])));
  };
  const report = async (execution: string): Promise<string> =>
    (await run(path.join(SCRIPTS, 'report.sh'), environment({ EXECUTION_ARN: execution }))).stdout.trim();

  it('starts a job, says where to decide, does not wait, and reports the end once people decided', async () => {
    const spec = sample('blueprint-breakout', { run: 901 });
    const first = await start('gh-1', spec);
    expect(first['approvals']).toBe(`${cloud.web}/ui/approvals`);
    expect(await report(first['execution-arn'] ?? '')).toBe('pending running, or waiting for people');
    expect(await start('gh-1', spec), 'a re-run finds what it started').toEqual(first);

    const { body } = await until(
      () => call(cloud.web, '/approvals'),
      (answer) => JSON.stringify(answer.body).includes('"runspec"'),
    );
    const [waits] = (body as { approvals: { job_id: string; subject_digest: string }[] }).approvals;
    if (!waits) throw new Error('nothing waits');
    await call(cloud.web, `/jobs/${waits.job_id}/approve?step=runspec`, { user: 'ann', body: { subject_digest: waits.subject_digest } });
    const { job } = await untilSettled(cloud.web, waits.job_id);
    const said = await until(
      () => report(first['execution-arn'] ?? ''),
      (text) => !text.startsWith('pending'),
    );
    expect(said).toBe(job.outcome === 'succeeded' ? 'success done' : `failure ended ${job.outcome}`);
    expect(await start('gh-1', spec), 'after the end as well').toEqual(first);
  });

  it('reports a second execution of the same spec as what it is', async () => {
    const spec = sample('blueprint-breakout', { run: 902 });
    await start('gh-2', spec);
    const again = await start('gh-3', spec);
    const said = await until(
      () => report(again['execution-arn'] ?? ''),
      (text) => !text.startsWith('pending'),
    );
    expect(said).toBe('failure ended DuplicateJob');
  });

  it('fails where the machine is not there, with what AWS says', async () => {
    const elsewhere = environment({ SPEC: '/dev/null', NAME: 'x', MACHINE_ARN: `${JOB_MACHINE_ARN}-other:live`, URL: cloud.web });
    await expect(run(path.join(SCRIPTS, 'start.sh'), elsewhere)).rejects.toThrow(/StateMachineDoesNotExist/);
  });
});
