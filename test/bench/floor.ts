import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '../support/cloud.ts';
import { type Figure, percentiles, series } from './stats.ts';

const KB = Buffer.alloc(1024, 'x');
const N = 500;

const fsyncSamples = (folder: string): Promise<number[]> => {
  const file = openSync(join(folder, 'appended'), 'w');
  return series(N, async () => {
    writeSync(file, KB);
    fsyncSync(file);
  }).finally(() => closeSync(file));
};

const newFileSamples = (folder: string): Promise<number[]> =>
  series(N, async (i) => {
    const file = openSync(join(folder, `new-${i}`), 'w');
    writeSync(file, KB);
    fsyncSync(file);
    closeSync(file);
  });

const httpSamples = async (): Promise<number[]> => {
  const server = createServer((_, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const samples = await series(N, async () => (await fetch(`http://127.0.0.1:${port}`)).text());
  server.close();
  server.closeAllConnections();
  return samples;
};

/** The machine's own limits: what every other figure stands on. */
export const floor = async (): Promise<Figure[]> => {
  const folder = temporaryFolder();
  const figures: Figure[] = [
    { bench: 'floor', what: 'fsync_1kb', n: N, ...percentiles(await fsyncSamples(folder)) },
    { bench: 'floor', what: 'new_file_fsync_1kb', n: N, ...percentiles(await newFileSamples(folder)) },
    { bench: 'floor', what: 'http_round_trip', n: N, ...percentiles(await httpSamples()) },
  ];
  rmSync(folder, { recursive: true });
  return figures;
};
