import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeFixture, encodeFixture, FIXTURE_FILES, type Fixture } from '../../functions/lib/cassette/fixture.ts';
import { CliError, EXIT, usage } from '../exit.ts';
import { writeOutput } from '../files.ts';

/** Fixtures of this repository. */
export const SHIPPED = fileURLToPath(new URL('../../cassettes', import.meta.url));

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '');

const folders = async (dir: string): Promise<string[]> => {
  const entries = await readdir(dir, { withFileTypes: true }).catch((error: unknown) => {
    throw usage(
      `${dir} is no folder that can be read (${codeOf(error)})`,
      'name the folder that holds <agent>/<case>/ with --fixtures DIR',
    );
  });
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
};

const readIfThere = (path: string): Promise<string | null> =>
  readFile(path, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });

const readFixture = async (dir: string, agent: string, name: string): Promise<Fixture> => {
  const path = (file: string) => join(dir, agent, name, file);
  try {
    const [cassette, expected, notes] = await Promise.all([
      readFile(path(FIXTURE_FILES.cassette), 'utf8'),
      readFile(path(FIXTURE_FILES.expected), 'utf8'),
      readIfThere(path(FIXTURE_FILES.notes)),
    ]);
    return decodeFixture(agent, name, () => ({ cassette, expected, notes }));
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error), `look at ${join(dir, agent, name)}, or promote it again`);
  }
};

/**
 * Fixtures of `<dir>/<agent>/<case>/`, sorted; of one agent when asked.
 * @throws CliError (exit 2) naming a fixture or folder that cannot be read, or when there is none
 */
export const readFolder = async (folder: string, agent?: string): Promise<Fixture[]> => {
  const dir = resolve(folder);
  const agents = (await folders(dir)).filter((name) => agent === undefined || name === agent);
  const cases = await Promise.all(agents.map(async (one) => (await folders(join(dir, one))).map((name) => [one, name] as const)));
  const fixtures = await Promise.all(cases.flat().map(([one, name]) => readFixture(dir, one, name)));
  if (fixtures.length > 0) return fixtures;
  throw usage(
    `there is no fixture${agent === undefined ? '' : ` of agent "${agent}"`} in ${dir}`,
    'promote a recording with "holdpoint cassette promote"',
  );
};

/** What a folder may lack without being wrong: to promote into an empty one is how it starts. */
export const readFolderIfThere = (folder: string): Promise<Fixture[]> =>
  readdir(resolve(folder)).then(
    (entries) => (entries.some((name) => !name.startsWith('.')) ? readFolder(folder) : []),
    () => [],
  );

/** Writes what changed of a fixture that is there. */
export const updateFixture = async (folder: string, fixture: Fixture): Promise<void> => {
  const files = encodeFixture(fixture);
  const path = (file: string) => join(resolve(folder), fixture.agent, fixture.case, file);
  await writeOutput(path(FIXTURE_FILES.cassette), files.cassette);
  await writeOutput(path(FIXTURE_FILES.expected), files.expected);
  if (files.notes === null) await rm(path(FIXTURE_FILES.notes), { force: true });
  else await writeOutput(path(FIXTURE_FILES.notes), files.notes);
};

/**
 * Writes a new fixture, all of it or nothing.
 * @throws CliError exit 5 when the case is there already, exit 2 when it cannot be written
 */
export const createFixture = async (folder: string, fixture: Fixture): Promise<void> => {
  const dir = resolve(folder);
  const target = join(dir, fixture.agent, fixture.case);
  const files = encodeFixture(fixture);
  try {
    await mkdir(join(dir, fixture.agent), { recursive: true });
    const part = await mkdtemp(join(dir, '.promoting-'));
    try {
      await writeFile(join(part, FIXTURE_FILES.cassette), files.cassette);
      await writeFile(join(part, FIXTURE_FILES.expected), files.expected);
      if (files.notes !== null) await writeFile(join(part, FIXTURE_FILES.notes), files.notes);
      await rename(part, target);
    } finally {
      await rm(part, { recursive: true, force: true });
    }
  } catch (error) {
    if (['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(codeOf(error))) throw taken(fixture.agent, fixture.case);
    throw usage(
      `${target} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      'name another folder with --fixtures DIR',
    );
  }
};

export const taken = (agent: string, name: string): CliError =>
  new CliError('EXISTS', EXIT.conflict, `fixture ${agent}/${name} is there already`, {
    next: 'choose another --case, or put the new one in its place with --replace',
  });
