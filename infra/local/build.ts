import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { FUNCTIONS, type FunctionSpec } from '../functions.ts';
import type { MachineId } from '../names.ts';
import { functionArn } from './arns.ts';

/** What is deployed: the folder the code lies in, its functions, and the machines as ASL with placeholders. */
export type Build = { folder: string; functions: readonly FunctionSpec[]; machines: Record<MachineId, string> };

const REPOSITORY = new URL('../../', import.meta.url);

const definitionOf = (id: MachineId): string => readFileSync(new URL(`statemachines/${id}.asl.json`, REPOSITORY), 'utf8');

/** The tree this file is in. */
export const thisBuild = (): Build => ({
  folder: fileURLToPath(REPOSITORY),
  functions: FUNCTIONS,
  machines: { job: definitionOf('job'), rollout: definitionOf('rollout') },
});

/** A build as its executions need it later: they call its functions until the last of them has ended. */
const Published = z.strictObject({
  version: z.int().min(1),
  folder: z.string(),
  functions: z.array(z.strictObject({ name: z.string(), entry: z.string(), memoryMb: z.number() })),
});
export type Published = z.infer<typeof Published>;

const File = z.strictObject({ builds: z.array(Published) });

const identity = ({ folder, functions }: Pick<Published, 'folder' | 'functions'>): string =>
  JSON.stringify([folder, functions.map(({ name, entry }) => [name, entry])]);

/**
 * Publishes a build under the next number, unless it is there already: `builds` is every build of this data folder, oldest first,
 * and `current` the one that new executions begin with. Locally one number stands for the versions of all its functions.
 */
export const publishBuild = (file: string, { folder, functions }: Build): { current: Published; builds: readonly Published[] } => {
  const { builds } = existsSync(file) ? File.parse(JSON.parse(readFileSync(file, 'utf8'))) : { builds: [] };
  const code = { folder, functions: functions.map(({ name, entry, memoryMb }) => ({ name, entry, memoryMb })) };
  const known = builds.find((build) => identity(build) === identity(code));
  if (known) return { current: known, builds };
  const current = { version: (builds.at(-1)?.version ?? 0) + 1, ...code };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify({ builds: [...builds, current] }), { flush: true });
  renameSync(`${file}.new`, file);
  return { current, builds: [...builds, current] };
};

/** One of the build's machines with its placeholders replaced by versions of its functions, as the stack replaces them. */
export const machineOf = ({ machines, functions }: Build, id: MachineId, version: number): unknown => {
  const arns = new Map(functions.map(({ placeholder, name }) => [placeholder, functionArn(name, version)]));
  return JSON.parse(machines[id].replaceAll(/\$\{(\w+)\}/g, (placeholder, name: string) => arns.get(name) ?? placeholder));
};
