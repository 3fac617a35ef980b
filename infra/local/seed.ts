import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { shippedCassettes } from '../../adapters/model/fixtures.ts';
import type { World } from '../../adapters/world.ts';
import { createSnapshots } from '../../functions/stage/snapshots.ts';

const SAMPLE = {
  id: 'sp500-2000',
  symbol: 'SPX',
  file: 'samples/sp500-2000.csv',
  source: 'vega-datasets 3.2.1, data/sp500-2000.csv, BSD-3-Clause',
};

/** What a new data folder holds: the sample snapshot and the shipped cassettes. Harmless when repeated. */
export const seed = async (world: World, repository: URL): Promise<void> => {
  const csv = readFileSync(new URL(SAMPLE.file, repository), 'utf8');
  const snapshot = createSnapshots(world).put(SAMPLE.id, csv, SAMPLE);
  const cassettes = shippedCassettes(fileURLToPath(new URL('cassettes/', repository)));
  await Promise.all([snapshot, ...cassettes.map((cassette) => world.cassettes.create(cassette))]);
};
