import { canonicalJson } from './canonical-json.ts';
import { sha256Hex } from './hash.ts';

export type Subject = { name: string; key: string; sha256: string }[];

/**
 * Digest of what a person is asked about: sha256 over the canonical state, visit and list of (name, key, sha256). The same bytes asked
 * about again are another question: a late click on the first must not answer it.
 */
export const subjectDigest = (state: string, visit: number, subject: Subject): string =>
  `sha256:${sha256Hex(canonicalJson({ state, visit, subject }))}`;
