import { join } from 'node:path';
import { aliasArn, versionArn } from './arns.ts';
import { createDeadlines } from './deadlines.ts';
import { apply, type Execution } from './execution.ts';
import { load, type Machine, type MachineVersion, publish } from './machines.ts';
import type { End, RedriveRecord } from './records.ts';
import { drive } from './runner.ts';
import { openStore, type Place, type Store } from './store.ts';
import type { Invoke, Service } from './world.ts';

export type Sfn = Service & {
  store: Store;
  machines: Map<string, Machine>;
  /** Begins or continues an execution that is held in the store. */
  run(execution: Execution): void;
  /** Continues an execution that ended badly. Null when there is none. */
  redrive(place: Place, record: RedriveRecord): Execution | null;
  versionOf(execution: Pick<Execution, 'summary'>): MachineVersion;
};

/** The service without its wire: machines are published and running executions read, none is begun. */
export async function openSfn(options: {
  dataDir: string;
  machines: { name: string; definition: unknown }[];
  invoke: Invoke;
  now: () => number;
}): Promise<Sfn> {
  const folder = join(options.dataDir, 'machines');
  const machines = new Map<string, Machine>();
  for (const machine of options.machines) machines.set(machine.name, await publish(folder, machine, options.now()));
  const retired = new Map<string, Machine | null>();
  const versionOf = ({ summary }: Pick<Execution, 'summary'>): MachineVersion => {
    const { machine: name, version } = summary;
    if (!machines.has(name) && !retired.has(name)) retired.set(name, load(folder, name));
    const found = (machines.get(name) ?? retired.get(name))?.versions.find((candidate) => candidate.version === version);
    if (!found)
      throw new Error(`version ${version} of state machine "${name}" is not in ${folder}; restore it from where the folder was copied`);
    return found;
  };
  const sfn: Sfn = {
    now: options.now,
    invoke: options.invoke,
    deadlines: createDeadlines(options.now),
    tokens: new Map(),
    store: openStore(options.dataDir),
    machines,
    versionOf,
    run: (execution) => run(sfn, execution),
    redrive: (place, record) => redrive(sfn, place, record),
  };
  for (const execution of sfn.store.allRunning()) {
    for (const task of execution.tasks.values()) {
      if (task.token !== undefined && !task.outcome) sfn.tokens.set(task.token, { execution, task });
    }
  }
  return sfn;
}

function run(sfn: Sfn, execution: Execution): void {
  const version = sfn.versionOf(execution);
  const ended = (end: End) => {
    apply(execution, end);
    sfn.store.close(execution);
  };
  const job = {
    execution,
    plan: version.plan(),
    timeoutSeconds: version.definition.TimeoutSeconds,
    startDetails: qualifiedArns(execution),
  };
  execution.run = drive(sfn, job, ended);
}

function redrive(sfn: Sfn, place: Place, record: RedriveRecord): Execution | null {
  const execution = sfn.store.reopen(place);
  if (!execution) return null;
  execution.journal.append(record);
  apply(execution, record);
  sfn.run(execution);
  return execution;
}

/** The version and alias an execution was started through, as DescribeExecution and its first event show them. */
export function qualifiedArns({ summary }: Pick<Execution, 'summary'>): { stateMachineAliasArn?: string; stateMachineVersionArn?: string } {
  const { machine, version, via } = summary;
  if (via === 'arn') return {};
  return { ...(via === 'alias' ? { stateMachineAliasArn: aliasArn(machine) } : {}), stateMachineVersionArn: versionArn(machine, version) };
}
