import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** A build as a folder, and how it is called in the report. */
export type BuildFolder = { folder: string; label: string; remove(): void };

/** Named wrongly on the command line: says which value, and what is allowed. */
export class NoSuchBuild extends Error {
  override name = 'NoSuchBuild';
}

const ENTRY = 'infra/local/main.ts';

const git = (root: string, args: readonly string[], input?: Buffer) =>
  spawnSync('git', ['-C', root, ...args], { maxBuffer: 512 * 1024 * 1024, ...(input ? { input } : {}) });

const commitOf = (root: string, ref: string): string | null => {
  const { status, stdout } = git(root, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]);
  return status === 0 ? stdout.toString().trim() : null;
};

/** A commit in a folder of its own, with the packages of `root`. */
const extract = (root: string, ref: string, commit: string): BuildFolder => {
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-build-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const archive = git(root, ['archive', '--format=tar', commit]);
  const unpacked = archive.status === 0 ? spawnSync('tar', ['-x', '-C', folder], { input: archive.stdout }) : archive;
  if (unpacked.status !== 0) {
    remove();
    throw new NoSuchBuild(`${ref} could not be unpacked: ${unpacked.stderr.toString().trim()}`);
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir');
  return { folder, label: `${commit.slice(0, 12)} (${ref})`, remove };
};

/**
 * The build that `name` means: a folder with a tree in it, or a commit of the repository at `root`.
 * @throws NoSuchBuild
 */
export const buildFolder = (root: string, name: string): BuildFolder => {
  const folder = resolve(name);
  if (existsSync(join(folder, ENTRY))) {
    if (!existsSync(join(folder, 'node_modules'))) throw new NoSuchBuild(`${folder} has no node_modules; run "npm ci" there`);
    return { folder, label: folder, remove: () => undefined };
  }
  if (existsSync(folder)) throw new NoSuchBuild(`${folder} is no build: it has no ${ENTRY}`);
  const commit = commitOf(root, name);
  if (commit === null) throw new NoSuchBuild(`"${name}" is neither a folder nor a commit of ${root}; name one with --from or --to`);
  return extract(root, name, commit);
};
