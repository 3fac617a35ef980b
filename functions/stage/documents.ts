import type { World } from '../../adapters/world.ts';
import { EvidenceMismatch } from '../../contracts/errors.ts';
import type { ArtifactRef } from '../../contracts/job-state.ts';
import type { Decoder } from '../../contracts/stage.ts';
import { sha256Hex } from '../lib/hash.ts';

/** Decoded snapshot data by digest, of each function on its own: immutable, large, and asked for by job after job. */
const snapshots = new WeakMap<World, Map<string, unknown>>();
const SNAPSHOTS_KEPT = 2;

/** The text of a document, checked against the digest that the signed context names. */
export const fetchText = async (world: World, name: string, ref: ArtifactRef): Promise<string> => {
  const object = await world.artifacts.get(ref.key);
  if (!object) throw new EvidenceMismatch(`${name} is gone: no object at ${ref.key}; restore it from its versions`);
  const digest = sha256Hex(object.body);
  if (digest !== ref.sha256) throw new EvidenceMismatch(`${ref.key} changed: the log names ${ref.sha256}, the bucket holds ${digest}`);
  return new TextDecoder('utf-8', { fatal: true }).decode(object.body);
};

/** A document that is no snapshot: fetched, checked and decoded. */
export const readRef = async <T>(
  world: World,
  name: string,
  refs: Readonly<Record<string, ArtifactRef>>,
  decode: Decoder<T>,
): Promise<T> => {
  const ref = refs[name];
  if (!ref) throw new EvidenceMismatch(`the context names no "${name}", which this state needs`);
  return decode(await fetchText(world, name, ref));
};

/** Fetches, checks and decodes one document that the signed context names. */
export const readDocument = async <T>(world: World, name: string, ref: ArtifactRef, decode: Decoder<T>): Promise<unknown> => {
  if (!ref.key.startsWith('snapshots/data/')) return decode(await fetchText(world, name, ref));
  const cache = snapshots.get(world) ?? new Map<string, unknown>();
  snapshots.set(world, cache);
  if (!cache.has(ref.sha256)) {
    const value = decode(await fetchText(world, name, ref));
    if (cache.size >= SNAPSHOTS_KEPT) cache.clear();
    cache.set(ref.sha256, value);
  }
  return cache.get(ref.sha256);
};
