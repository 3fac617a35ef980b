import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { AthenaClient } from '@aws-sdk/client-athena';
import { createTelemetryQueries } from '../../adapters/aws/athena.ts';
import type { Telemetry } from '../../contracts/ports.ts';
import { TELEMETRY_TABLES, type TelemetryTable } from '../../contracts/telemetry.ts';
import { telemetryKey } from '../../contracts/telemetry-layout.ts';
import { NAMED_QUERIES } from '../../functions/lib/telemetry/queries.ts';
import { telemetryRows } from '../../functions/lib/telemetry/rows.ts';
import { mixedJob } from '../../functions/lib/telemetry/telemetry.fixture.ts';
import { createAthena } from '../../infra/local/athena/service.ts';
import { createStore } from '../../infra/local/athena/store.ts';
import { createEndpoint } from '../../infra/local/endpoint.ts';
import { inProcess } from '../../infra/local/in-process.ts';
import { temporaryFolder } from '../support/cloud.ts';
import { type Figure, percentiles, series, timed } from './stats.ts';

const ROWS = 100_000;
const WORKGROUP = 'bench';

/** As many rows as are wanted, of made-up jobs, as they would lie in the bucket. */
const bucketOf = (wanted: number): { telemetry: Telemetry; rows: number } => {
  const objects = new Map<string, unknown[]>();
  let rows = 0;
  for (let i = 0; rows < wanted; i++) {
    const [first, ...events] = mixedJob(`bench ${i}`).events;
    if (!first) continue;
    for (const [ending, set] of telemetryRows([first, ...events], new Map()).entries())
      for (const table of Object.keys(TELEMETRY_TABLES) as TelemetryTable[]) {
        objects.set(telemetryKey(table, first.job_id, first.at, ending + 1), set[table]);
        rows += set[table].length;
      }
  }
  const listed = [...objects.keys()].toSorted();
  const telemetry = {
    write: () => Promise.reject(new Error('the benchmark writes nothing')),
    read: () => Promise.reject(new Error('the benchmark reads objects')),
    async *list(table: TelemetryTable) {
      for (const key of listed) if (key.startsWith(`${table}/`)) yield { table, key };
    },
    rows: async ({ key }: { key: string }) => objects.get(key) ?? [],
  } as unknown as Telemetry;
  return { telemetry, rows };
};

/** Time to take 100,000 rows in, and to answer the questions that ship from them, over the wire of Athena. */
export const telemetryFigures = async (n: number): Promise<Figure[]> => {
  const folder = temporaryFolder();
  const file = join(folder, 'athena.sqlite');
  const { telemetry, rows } = bucketOf(ROWS);
  const store = createStore(file, telemetry);
  const athena = createAthena({ file, store, workgroup: WORKGROUP });
  try {
    const load_ms = Math.round(await timed(() => store.load()));
    const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' };
    const client = new AthenaClient({
      region: 'us-east-1',
      credentials,
      requestHandler: inProcess(createEndpoint({ athena: athena.handle })),
    });
    const queries = createTelemetryQueries(client, { workgroup: WORKGROUP, database: 'bench' });
    const all = Object.values(NAMED_QUERIES);
    const samples = await series(n * all.length, (i) => queries.query(all[i % all.length]?.sql ?? ''));
    return [{ bench: 'telemetry_sql', n: samples.length, ...percentiles(samples), rows, load_ms }];
  } finally {
    athena.close();
    store.close();
    rmSync(folder, { recursive: true, force: true });
  }
};
