import { createHash } from 'node:crypto';

/** Longer encoded keys are stored under their digest: file names end at 255 bytes on common file systems. */
const LONGEST = 200;
const PLAIN = /^[a-z0-9_./-]*$/;

/**
 * The file name of a key, without its version: `a-z 0-9 _ . -` stay, `/` becomes `+`, any other UTF-8 byte `%xx`, upper-case
 * letters too, since some file systems ignore case. A long key becomes `%h<sha256>`; `%` is otherwise followed by two hex digits.
 */
export function encodeKey(key: string): string {
  if (PLAIN.test(key) && key.length <= LONGEST) return key.replaceAll('/', '+');
  let name = '';
  for (const byte of Buffer.from(key, 'utf8')) {
    const char = String.fromCharCode(byte);
    name += char === '/' ? '+' : PLAIN.test(char) ? char : `%${byte.toString(16).padStart(2, '0')}`;
  }
  return name.length <= LONGEST ? name : `%h${createHash('sha256').update(key).digest('hex')}`;
}

/** The key of a file name; null when only the file itself knows it. */
export function decodeKey(name: string): string | null {
  return name.startsWith('%h') ? null : decodeURIComponent(name.replaceAll('+', '/'));
}

/** `<encoded key>~<n>`; `n` counts the versions of one key from 1. */
export const versionFile = (key: string, n: number): string => `${encodeKey(key)}~${n}`;

/** Null for a file that is none of ours. */
export function parseVersionFile(file: string): { name: string; n: number } | null {
  const match = /^((?:[a-z0-9_.+-]|%[0-9a-f]{2}|%h(?=[0-9a-f]{64}~))+)~([1-9]\d{0,14})$/.exec(file);
  if (!match?.[1] || !match[2]) return null;
  try {
    decodeKey(match[1]);
  } catch {
    return null;
  }
  return { name: match[1], n: Number(match[2]) };
}
