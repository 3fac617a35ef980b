import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { executionArn, parseMachineArn } from '../arns.ts';
import { alreadyExists, invalidInput, invalidName, noSuchMachine } from '../errors.ts';
import { dataProblem, MAX_DATA_BYTES } from '../limits.ts';
import type { MachineVersion } from '../machines.ts';
import type { Sfn } from '../sfn.ts';
import { operation, seconds } from './operation.ts';

const Request = z.object({
  stateMachineArn: z.string().min(1).max(256),
  name: z.string().optional(),
  input: z.string().max(MAX_DATA_BYTES, `Member must have length less than or equal to ${MAX_DATA_BYTES}`).optional(),
});

/** Characters that names must not have: white space, brackets, wildcards, quotes and others, and control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const FORBIDDEN = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f\ufffe\uffff]|[\ud800-\udfff]/;

const checkName = (name: string): string => {
  if (name.length < 1 || name.length > 80 || FORBIDDEN.test(name)) throw invalidName(name);
  return name;
};

/** Idempotent while the execution runs: the same name and input get the same answer. Durable before it answers. */
export const startExecution = operation(Request, async (sfn, request) => {
  const { machine, version, via } = resolve(sfn, request.stateMachineArn);
  const name = checkName(request.name ?? randomUUID());
  const input = request.input ?? '{}';
  const problem = dataProblem(input);
  if (problem) throw invalidInput(problem);
  const place = { machine, name };
  const live = sfn.store.running(place);
  if ((live && live.input !== input) || sfn.store.closed(place)) throw alreadyExists(executionArn(machine, name));
  const execution = live ?? sfn.store.create({ t: 'start', ...place, version: version.version, via, input, at: sfn.now() });
  if (!live) sfn.run(execution);
  await execution.journal.flush();
  return { executionArn: executionArn(machine, name), startDate: seconds(execution.summary.startedAt) };
});

/** What a machine ARN, its alias or one of its versions means. Throws InvalidArn or StateMachineDoesNotExist. */
export function resolve(sfn: Sfn, arn: string): { machine: string; version: MachineVersion; via: 'arn' | 'alias' | 'version' } {
  const ref = parseMachineArn(arn);
  const machine = ref.elsewhere ? undefined : sfn.machines.get(ref.machine);
  const version = ref.version === null ? machine?.current : machine?.versions.find((candidate) => candidate.version === ref.version);
  if (!version) throw noSuchMachine(arn);
  return { machine: ref.machine, version, via: ref.via };
}
