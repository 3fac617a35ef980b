import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ENVIRONMENTS } from '../../../infra/environments.ts';
import { synthesized, type Template } from '../synth.ts';

const run = promisify(execFile);
const installed = await run('cfn-lint', ['--version']).then(
  () => true,
  () => false,
);

/** What cfn-lint says of templates; empty where it finds nothing. */
const lint = async (templates: Record<string, Template>): Promise<string> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holdpoint-lint-'));
  try {
    const files = Object.entries(templates).map(([name, template]) => {
      const file = path.join(folder, `${name}.template.json`);
      writeFileSync(file, JSON.stringify(template));
      return file;
    });
    return await run('cfn-lint', ['--format', 'parseable', ...files], { maxBuffer: 1 << 24 }).then(
      ({ stdout }) => stdout,
      (error: { stdout?: string; message: string }) => error.stdout || error.message,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
};

if (!installed) console.warn('cfn-lint is not on this machine: templates are not linted ("pip install cfn-lint" brings it)');

test.skipIf(!installed)(
  'cfn-lint finds nothing in any environment',
  async () => {
    const names = [...ENVIRONMENTS.map(({ name }) => name), 'live'];
    const templates = names.flatMap((name) => {
      const { state, service } = synthesized(name);
      return [
        [`${name}-state`, state],
        [`${name}-service`, service],
      ];
    });
    expect(await lint(Object.fromEntries(templates))).toBe('');
  },
  240_000,
);

test.skipIf(!installed)('cfn-lint would find a property that CloudFormation refuses', async () => {
  const { state } = synthesized('dev');
  const broken = { ...state, Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: { Colour: 'red' } } } };
  expect(await lint({ broken })).toContain('E3002');
});
