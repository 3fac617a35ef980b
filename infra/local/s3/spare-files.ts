import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, open, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export type SpareFiles = {
  /** A new file with this name, for writing. Throws where it cannot be made. */
  open(path: string): number;
  /** Removes what was not needed. */
  close(): void;
};

/** Files made ahead: as many as a stage writes at once. */
const KEPT = 8;

const openLater = promisify(open);

/**
 * Makes empty files ahead, beside the event loop. A file system that has just lost many files takes up to a millisecond for each new one,
 * where the flush of its content takes a fifth of that: a request only gives such a file its name. What a crash leaves in `folder` is
 * removed when it is opened again.
 */
export function createSpareFiles(folder: string): SpareFiles {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const spares: { fd: number; path: string }[] = [];
  const closed = new AbortController();
  let making = false;

  const make = async (): Promise<void> => {
    making = true;
    try {
      while (!closed.signal.aborted && spares.length < KEPT) {
        const path = join(folder, randomUUID());
        spares.push({ fd: await openLater(path, 'wx'), path });
      }
    } catch {
      // A full disk, or a folder that is gone: whoever needs a file next is told so.
    } finally {
      making = false;
      if (closed.signal.aborted) clear();
    }
  };
  const clear = (): void => {
    for (const { fd } of spares.splice(0)) closeSync(fd);
    rmSync(folder, { recursive: true, force: true });
  };
  const named = (path: string): number | null => {
    for (let spare = spares.shift(); spare; spare = spares.shift()) {
      try {
        renameSync(spare.path, path);
        return spare.fd;
      } catch {
        // Another process opened this folder and cleared it.
        closeSync(spare.fd);
      }
    }
    return null;
  };

  return {
    open(path) {
      const fd = named(path) ?? openSync(path, 'wx');
      if (!making && !closed.signal.aborted) void make();
      return fd;
    },
    close() {
      closed.abort();
      if (!making) clear();
    },
  };
}
