import type { World } from '../../adapters/world.ts';
import { Refusal } from '../../contracts/commands.ts';
import { asError, SnapshotRefused } from '../../contracts/errors.ts';
import { Snapshot, snapshotDataKey, snapshotManifestKey } from '../../contracts/snapshot.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { json } from '../lib/decode.ts';

const decode = json(Snapshot);
const MANIFESTS = 'snapshots/';

const stored = async (world: World, id: string): Promise<Snapshot | null> => {
  const manifest = await world.artifacts.get(snapshotManifestKey(id));
  return manifest && decode(new TextDecoder().decode(manifest.body));
};

/**
 * Snapshots in the artifact bucket. Data lies under its own digest; a manifest, once written, never changes:
 * the same bars again are the same snapshot, other bars need another id.
 */
export const createSnapshots = (world: World) => ({
  put: async (id: string, csv: string, options: { symbol: string | null; source: string | null }): Promise<Snapshot> => {
    try {
      // Loaded with the first upload: a parser of CSV is more than a page needs to start.
      const { ingest } = await import('../lib/snapshot.ts');
      const { manifest, body } = ingest(csv, { snapshot_id: id, ...options });
      await world.artifacts.create(snapshotDataKey(manifest.sha256), body, 'text/csv');
      const created = await world.artifacts.create(snapshotManifestKey(id), canonicalJson(manifest), 'application/json');
      const kept = created ? manifest : await stored(world, id);
      if (kept?.sha256 === manifest.sha256) return kept;
    } catch (thrown) {
      const error = asError(thrown);
      throw error instanceof SnapshotRefused ? new Refusal('INVALID_INPUT', error.message) : error;
    }
    throw new Refusal('DECISION_CONFLICT', `snapshot "${id}" exists with other bars; snapshots are immutable, choose another id`);
  },

  list: async (): Promise<Snapshot[]> => {
    const keys = (await world.artifacts.list(MANIFESTS)).map(({ key }) => key).filter((key) => key.endsWith('.json'));
    const found = await Promise.all(keys.map((key) => stored(world, key.slice(MANIFESTS.length, -'.json'.length))));
    return found.filter((snapshot) => snapshot !== null);
  },
});
