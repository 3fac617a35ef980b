import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../infra/aws/bundle.ts';
import { FUNCTIONS, type FunctionSpec } from '../../infra/functions.ts';
import { environment, flat, list, ofType, statementsOfRole, stubApp, type Template } from './synth.ts';

type Machine = { States: Record<string, { Next?: string; Default?: string; Catch?: { Next: string }[] }> };

/** The shipped machine without the state Report: what came before goes to what came behind. */
const withoutReport = (): Machine => {
  const text = readFileSync(path.join(ROOT, 'statemachines/job.asl.json'), 'utf8');
  const { States, ...machine } = JSON.parse(text) as Machine;
  const next = States['Report']?.Next ?? 'Finish';
  const { Report: _, ...rest } = States;
  return JSON.parse(JSON.stringify({ ...machine, States: rest }).replaceAll('"Report"', JSON.stringify(next)));
};

const retired: readonly FunctionSpec[] = FUNCTIONS.map((spec) => (spec.name === 'report' ? { ...spec, retired: true } : spec));

const synthesize = (functions: readonly FunctionSpec[], machine: Machine | null): Template => {
  const definition = path.join(ROOT, '.cache', `retired-${process.pid}.asl.json`);
  if (machine) writeFileSync(definition, JSON.stringify(machine));
  const { app, folder } = stubApp([environment('dev')], { functions, ...(machine ? { definitions: { job: definition } } : {}) });
  try {
    return app.synth({ skipValidation: true }).getStackByName('holdpoint-dev-service').template;
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(definition, { force: true });
  }
};

const idOf = (template: Template, name: string): string =>
  ofType(template, 'AWS::Lambda::Function').find(([, { Properties }]) => Properties['FunctionName'] === `holdpoint-dev-${name}`)?.[0] ??
  expect.fail(`no function ${name}`);

test('a retired stage keeps function, version, role, log group and the right to be invoked, and no state calls it', () => {
  const before = synthesize(FUNCTIONS, null);
  const after = synthesize(retired, withoutReport());
  const id = idOf(after, 'report');
  expect(id).toBe(idOf(before, 'report'));

  const gone = Object.keys(before.Resources).filter((resource) => !(resource in after.Resources));
  // Another definition is another version of the machine; the one before is retained, as everything here is.
  const deleted = gone.filter((resource) => before.Resources[resource]?.DeletionPolicy !== 'Retain');
  expect(deleted).toEqual([]);
  expect(gone.filter((resource) => /report/i.test(resource))).toEqual([]);

  const machines = ofType(after, 'AWS::StepFunctions::StateMachine').map(([, { Properties }]) => Properties);
  const machine = machines.find(({ StateMachineName }) => StateMachineName === 'holdpoint-dev-job') ?? {};
  expect(machine['DefinitionSubstitutions']).not.toHaveProperty('ReportFunction');
  const role = flat(machine['RoleArn']).slice(1, -'.Arn>'.length);
  const invokable = statementsOfRole(after, role)
    .flatMap(({ Resource }) => list(Resource))
    .map(flat);
  expect(invokable).toContain(`<${id}.Arn>:*`);
});

test('a state that is removed without retiring its function fails the synthesis and says what to do', () => {
  expect(() => synthesize(FUNCTIONS, withoutReport())).toThrow(
    /no longer call ReportFunction: set "retired: true" in infra\/functions\.ts/,
  );
});

test('a state that calls a retired function fails the synthesis', () => {
  expect(() => synthesize(retired, null)).toThrow(/calls ReportFunction, which no current function/);
});
