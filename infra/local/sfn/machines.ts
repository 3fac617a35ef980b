import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { Asl } from './asl.ts';
import { fileName } from './files.ts';
import { syncFolder } from './journal.ts';
import { type MachinePlan, prepare, readDefinition, validate } from './prepare.ts';

export type MachineVersion = { version: number; definition: Asl; createdAt: number; plan(): MachinePlan };
/** `versions` oldest first; the last is current, and the alias points at it. */
export type Machine = { name: string; versions: [MachineVersion, ...MachineVersion[]]; current: MachineVersion };

const Stored = z.strictObject({ definition: Asl, createdAt: z.number() });

/**
 * Publishes the definition as the machine's next version, unless its current version is the same. Every version stays on
 * disk, since an execution goes on with the one it started with. Throws when the definition cannot run here.
 */
export async function publish(folder: string, { name, definition }: { name: string; definition: unknown }, now: number): Promise<Machine> {
  const machine = readDefinition(name, definition);
  const known = load(folder, name);
  if (known && JSON.stringify(known.current.definition) === JSON.stringify(machine)) return known;
  validate(name, machine);
  const version = (known?.current.version ?? 0) + 1;
  const path = join(folder, fileName(name));
  mkdirSync(path, { recursive: true });
  const file = join(path, `${version}.json`);
  writeFileSync(`${file}.new`, JSON.stringify({ definition: machine, createdAt: now }), { flush: true });
  renameSync(`${file}.new`, file);
  await syncFolder(path);
  const published = load(folder, name);
  if (!published) throw new Error(`${file} was written but cannot be read`);
  return published;
}

/** The machine as the folder holds it, or null. */
export function load(folder: string, name: string): Machine | null {
  const path = join(folder, fileName(name));
  if (!existsSync(path)) return null;
  const numbers = readdirSync(path).flatMap((file) => (/^\d+\.json$/.test(file) ? [Number.parseInt(file, 10)] : []));
  const [first, ...others] = numbers.sort((a, b) => a - b).map((version) => read(path, version));
  return first ? { name, versions: [first, ...others], current: others.at(-1) ?? first } : null;
}

function read(path: string, version: number): MachineVersion {
  const { definition, createdAt } = Stored.parse(JSON.parse(readFileSync(join(path, `${version}.json`), 'utf8')));
  let plan: MachinePlan | undefined;
  return { version, definition, createdAt, plan: () => (plan ??= prepare(definition)) };
}
