import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives a run of the suite one temporary folder, which every worker's `tmpdir()` is, and removes it with all that tests left in it. */
export default () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-suite-'));
  process.env['TMPDIR'] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
};
