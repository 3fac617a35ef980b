import * as z from 'zod';
import { aliasArn, LIVE, machineArn, parseMachineArn, roleArn, versionArn } from '../arns.ts';
import { invalidArn, invalidToken, noSuchMachine } from '../errors.ts';
import type { Machine } from '../machines.ts';
import type { Sfn } from '../sfn.ts';
import { find } from './executions.ts';
import { operation, PageRequest, page, seconds } from './operation.ts';
import { resolve } from './start.ts';

const stateMachineArn = z.string().min(1).max(256);
const settings = { loggingConfiguration: { level: 'OFF', includeExecutionData: false }, tracingConfiguration: { enabled: false } };

function machineAt(sfn: Sfn, arn: string): Machine {
  const { via, elsewhere, machine } = parseMachineArn(arn);
  if (via !== 'arn') throw invalidArn(`${arn}' has a qualifier; expected '${machineArn(machine)}`);
  const found = elsewhere ? undefined : sfn.machines.get(machine);
  if (!found) throw noSuchMachine(arn);
  return found;
}

export const describeStateMachine = operation(z.object({ stateMachineArn }), (sfn, request) => {
  const { machine, version, via } = resolve(sfn, request.stateMachineArn);
  if (via === 'alias') throw noSuchMachine(request.stateMachineArn);
  return {
    stateMachineArn: request.stateMachineArn,
    name: machine,
    status: 'ACTIVE',
    type: 'STANDARD',
    definition: JSON.stringify(version.definition),
    roleArn: roleArn(machine),
    creationDate: seconds(version.createdAt),
    ...settings,
  };
});

export const describeForExecution = operation(z.object({ executionArn: z.string().min(1).max(256) }), (sfn, request) => {
  const found = find(sfn, request.executionArn);
  const { machine } = found.summary;
  const version = sfn.versionOf(found);
  return {
    stateMachineArn: machineArn(machine),
    name: machine,
    definition: JSON.stringify(version.definition),
    roleArn: roleArn(machine),
    updateDate: seconds(version.createdAt),
    ...settings,
  };
});

export const listStateMachines = operation(z.object(PageRequest), (sfn, request) => {
  const machines = [...sfn.machines.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const { items, next } = page(machines, 'machines', request, invalidToken);
  const item = ({ name, versions: [first] }: Machine) => ({
    stateMachineArn: machineArn(name),
    name,
    type: 'STANDARD',
    creationDate: seconds(first.createdAt),
  });
  return { stateMachines: items.map(item), ...next };
});

const ListOf = z.object({ stateMachineArn, ...PageRequest });

export const listVersions = operation(ListOf, (sfn, request) => {
  const { name, versions } = machineAt(sfn, request.stateMachineArn);
  const { items, next } = page(versions.toReversed(), request.stateMachineArn, request, invalidToken);
  const item = ({ version, createdAt }: (typeof items)[number]) => ({
    stateMachineVersionArn: versionArn(name, version),
    creationDate: seconds(createdAt),
  });
  return { stateMachineVersions: items.map(item), ...next };
});

export const listAliases = operation(ListOf, (sfn, request) => {
  const { name, versions } = machineAt(sfn, request.stateMachineArn);
  return { stateMachineAliases: [{ stateMachineAliasArn: aliasArn(name), creationDate: seconds(versions[0].createdAt) }] };
});

export const describeAlias = operation(z.object({ stateMachineAliasArn: stateMachineArn }), (sfn, request) => {
  const { machine, via, version } = resolve(sfn, request.stateMachineAliasArn);
  if (via !== 'alias') throw invalidArn(`${request.stateMachineAliasArn}' is not an alias; expected '${aliasArn(machine)}`);
  return {
    stateMachineAliasArn: aliasArn(machine),
    name: LIVE,
    routingConfiguration: [{ stateMachineVersionArn: versionArn(machine, version.version), weight: 100 }],
    creationDate: seconds(sfn.machines.get(machine)?.versions[0].createdAt ?? version.createdAt),
    updateDate: seconds(version.createdAt),
  };
});
