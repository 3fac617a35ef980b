import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './cloud.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What a build consists of. */
const PARTS = ['adapters', 'contracts', 'functions', 'infra', 'statemachines', 'cassettes', 'samples', 'docs/examples', 'package.json'];

export type Edit = { file: string; from: string | RegExp; to: string };

export type Variant = { folder: string; remove(): void };

/** A copy of this tree with these edits, each of which must change something. */
export const buildVariant = (edits: readonly Edit[], files: Record<string, string> = {}): Variant => {
  const folder = temporaryFolder();
  for (const part of PARTS) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
  for (const { file, from, to } of edits) {
    const before = readFileSync(join(folder, file), 'utf8');
    const after = before.replaceAll(from, to);
    if (after === before) throw new Error(`${file} has no ${String(from)}: the variant would be no other build`);
    writeFileSync(join(folder, file), after);
  }
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
};

/** This tree's state machine. */
export const machineFile = (): { States: Record<string, Record<string, unknown>> } & Record<string, unknown> =>
  JSON.parse(readFileSync(join(ROOT, 'statemachines/job.asl.json'), 'utf8'));
