import { invalidArn } from './errors.ts';

export const REGION = 'us-east-1';
export const ACCOUNT = '000000000000';
/** The one alias a machine has here; it points at the current version. */
export const LIVE = 'live';

const PREFIX = `arn:aws:states:${REGION}:${ACCOUNT}`;

export const machineArn = (machine: string): string => `${PREFIX}:stateMachine:${machine}`;
export const aliasArn = (machine: string): string => `${machineArn(machine)}:${LIVE}`;
export const versionArn = (machine: string, version: number): string => `${machineArn(machine)}:${version}`;
export const executionArn = (machine: string, name: string): string => `${PREFIX}:execution:${machine}:${name}`;
export const roleArn = (machine: string): string => `arn:aws:iam::${ACCOUNT}:role/${machine}`;

/** `version` is null for the bare ARN and for the alias. */
export type MachineRef = { arn: string; machine: string; via: 'arn' | 'alias' | 'version'; version: number | null; elsewhere: boolean };

const MACHINE = /^arn:aws[a-z-]*:states:([^:]+):(\d{12}):stateMachine:([^:]+)(?::([^:]+))?$/;
const EXECUTION = /^arn:aws[a-z-]*:states:[^:]+:\d{12}:execution:[^:]+:[^:]+$/;

/** Throws InvalidArn. `elsewhere` when region, account or qualifier is none of ours: nothing can be behind it. */
export function parseMachineArn(arn: string): MachineRef {
  const [, region, account, machine, qualifier] = MACHINE.exec(arn) ?? [];
  if (!machine) throw invalidArn(`${arn}' is not a state machine ARN; expected '${machineArn('<name>')}`);
  const version = qualifier !== undefined && /^[1-9]\d{0,8}$/.test(qualifier) ? Number(qualifier) : null;
  const via = qualifier === undefined ? 'arn' : version === null ? 'alias' : 'version';
  const elsewhere = region !== REGION || account !== ACCOUNT || (via === 'alias' && qualifier !== LIVE);
  return { arn, machine, via, version, elsewhere };
}

/** Throws InvalidArn. */
export function checkExecutionArn(arn: string): string {
  if (!EXECUTION.test(arn)) throw invalidArn(`${arn}' is not an execution ARN; expected '${executionArn('<machine>', '<name>')}`);
  return arn;
}
