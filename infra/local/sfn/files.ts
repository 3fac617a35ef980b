import { createHash } from 'node:crypto';

/** Longer encoded names are stored under their digest: file names end at 255 bytes on common file systems. */
const LONGEST = 200;

/** The file name, without extension, of a machine or an execution. */
export function fileName(name: string): string {
  const encoded = encodeURIComponent(name).replaceAll('*', '%2A');
  return encoded.length <= LONGEST && !/^\.+$/.test(encoded) ? encoded : `%h${createHash('sha256').update(name).digest('hex')}`;
}
