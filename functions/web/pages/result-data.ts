import type * as z from 'zod';
import { BacktestResult } from '../../../contracts/backtest-result.ts';
import type { EventType, JobEvent } from '../../../contracts/events.ts';
import { GateReport } from '../../../contracts/gate-report.ts';
import { RegistryCard } from '../../../contracts/registry-card.ts';
import { ShadowReport } from '../../../contracts/shadow.ts';
import type { WebDeps } from '../deps.ts';
import { type Entry, entryOf, type FileLink } from '../model/timeline.ts';
import type { Result } from './result.ts';

const MAX_BYTES = 2_000_000;

const read = async (deps: WebDeps, jobId: string, file: FileLink): Promise<string | null> => {
  const object = await deps.artifacts.get(`jobs/${jobId}/${file.path}`);
  return object && object.body.byteLength <= MAX_BYTES ? new TextDecoder().decode(object.body) : null;
};

/** The first of the files that is a document of this schema. */
const find = async <S extends z.ZodType>(deps: WebDeps, jobId: string, files: FileLink[], schema: S): Promise<z.infer<S> | null> => {
  for (const file of files.filter(({ path }) => path.endsWith('.json'))) {
    try {
      const parsed = schema.safeParse(JSON.parse((await read(deps, jobId, file)) ?? 'null'));
      if (parsed.success) return parsed.data;
    } catch {
      // Not JSON: then it is not the document that is looked for.
    }
  }
  return null;
};

const withEnding = (files: FileLink[], ending: string): FileLink[] => files.filter(({ path }) => path.endsWith(ending));

/** Collects what the latest run, gates, registry and report left; null before anything ran. */
export const loadResult = async (deps: WebDeps, jobId: string, events: JobEvent[]): Promise<Result | null> => {
  const latest = (type: EventType): Entry | null => {
    const event = events.findLast((e) => e.event_type === type);
    return event ? entryOf(event) : null;
  };
  const run = latest('RUN_COMPLETED');
  if (!run) return null;
  const [gates, registry, report] = (['GATES_COMPLETED', 'REGISTRY_UPDATED', 'REPORT_COMPLETED'] as const).map(latest);
  const [series] = withEnding(run.files, '.csv').filter(({ name }) => name.includes('equity'));
  const [narrative] = withEnding(report?.files ?? [], '.md');
  const [csv, text] = await Promise.all([series && read(deps, jobId, series), narrative && read(deps, jobId, narrative)]);
  const [shadow] = withEnding(report?.files ?? [], '/shadow_report.json');
  const compared = shadow ? await find(deps, jobId, [shadow], ShadowReport) : null;
  return {
    charts: withEnding(run.files, '.svg'),
    series: series && csv ? { file: series, csv } : null,
    backtest: await find(deps, jobId, run.files, BacktestResult),
    gates: await find(deps, jobId, gates?.files ?? [], GateReport),
    card: await find(deps, jobId, registry?.files ?? [], RegistryCard),
    shadow: shadow && compared ? { file: shadow, report: compared } : null,
    report: text ? { text, labels: report?.labels ?? [] } : null,
  };
};
