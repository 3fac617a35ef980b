import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type CallSite, CallSites } from '../../functions/lib/llm-sites/map.ts';
import { CliError, EXIT } from '../exit.ts';
import { type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result } from '../runner.ts';
import { type Column, renderTable } from '../table.ts';

const MAP = fileURLToPath(new URL('../../docs/llm/call-sites.json', import.meta.url));

const COLUMNS: readonly Column<CallSite>[] = [
  { head: 'AGENT', cell: ({ agent }) => agent },
  { head: 'ROLE', cell: ({ role }) => role },
  { head: 'STATE', cell: ({ states }) => states.map(({ machine, state }) => `${machine}/${state}`).join(', ') },
  { head: 'GUARD', cell: ({ guard }) => (guard ? 'yes' : 'no'), drop: 2 },
  { head: 'LIVE ONLY', cell: ({ require_live }) => (require_live ? 'yes' : 'no'), drop: 3 },
  { head: 'CONTROL READS', cell: ({ read_by_control: reads }) => reads.map(({ field }) => field).join(' ') || '-', drop: 1 },
  { head: 'JUDGED BY', cell: ({ judged_by }) => judged_by, flex: true },
];

const readMap = async (): Promise<CallSites> => {
  const text = await readFile(MAP, 'utf8').catch((cause: unknown) => {
    throw new CliError('NOT_FOUND', EXIT.notFound, `${MAP} cannot be read`, {
      ...{ next: 'write it with "node tools/llm-sites.ts" in the repository', cause },
    });
  });
  return CallSites.parse(JSON.parse(text));
};

const show = async ({ width, say, paint }: Context): Promise<Result> => {
  const map = await readMap();
  for (const line of renderTable(COLUMNS, map.sites, width, paint.dim)) say(line);
  say('');
  for (const { at, what } of map.junctions) say(`${paint.dim('then')} ${at}: ${what}`);
  return { doc: map };
};

export const llmSites: Verb = (program, run) => {
  withCommon(
    program.command('llm-sites').description('show where models are called, who judges the answers, and what control flow reads'),
  ).action((options: CommonOptions) => run(options, show));
};
