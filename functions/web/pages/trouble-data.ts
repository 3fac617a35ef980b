import * as z from 'zod';
import { AnswerLabels, ErrorSummary } from '../../../contracts/agent-evidence.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import { type ProviderFailure, providerFailures } from '../../lib/agent/attempts.ts';
import type { WebDeps } from '../deps.ts';

/** A model call that did not go as it should: its evidence, and how each provider failed. */
export type Failed = { summary: ErrorSummary; path: string; failures: ProviderFailure[] };

/** What went wrong with model calls of a job. */
export type Trouble = {
  /** Why the job stopped, where it stopped for want of an answer. */
  error: Failed | null;
  /** Recorded answers that stand in for providers, with what they are labelled. */
  standIns: (Failed & { labels: AnswerLabels | null })[];
  /** Calls that a later attempt or another provider answered. */
  recovered: Failed[];
};

// What befalls the shadow troubles no job: its report says it.
const SUMMARY = /^outputs\/agents\/(?!shadow\/)[^/]+\/\d+\/error_summary\.json$/;
/** Summaries that are read for one page. */
const MAX_SUMMARIES = 40;
const Session = z.object({ labels: AnswerLabels.nullable() });

const read = async <S extends z.ZodType>(deps: WebDeps, jobId: string, path: string, schema: S): Promise<z.infer<S> | null> => {
  const object = await deps.artifacts.get(`jobs/${jobId}/${path}`);
  try {
    return object && (schema.safeParse(JSON.parse(new TextDecoder().decode(object.body))).data ?? null);
  } catch {
    return null;
  }
};

const readSummary = async (deps: WebDeps, jobId: string, path: string): Promise<Failed[]> => {
  const summary = await read(deps, jobId, path, ErrorSummary);
  return summary ? [{ summary, path, failures: providerFailures(summary.attempts) }] : [];
};

/** Reads what failed and what stood in from a job's evidence. `paths` are the job's files. */
export const loadTrouble = async (deps: WebDeps, state: JobState, paths: string[]): Promise<Trouble> => {
  const wanted = paths.filter((path) => SUMMARY.test(path)).slice(0, MAX_SUMMARIES);
  const found = (await Promise.all(wanted.map((path) => readSummary(deps, state.job_id, path)))).flat();
  const sorted = found.toSorted((a, b) => a.summary.at.localeCompare(b.summary.at));
  const of = (reason: ErrorSummary['reason']) => sorted.filter(({ summary }) => summary.reason === reason);
  const stopped = state.status === 'DONE' && state.outcome === 'stopped_llm_error';
  const standIns = of('DEGRADED').map(async (failed) => {
    const session = await read(deps, state.job_id, failed.path.replace('error_summary.json', 'llm_session.json'), Session);
    return { ...failed, labels: session?.labels ?? null };
  });
  return {
    error: stopped ? (of('STOPPED_LLM_ERROR').at(-1) ?? null) : null,
    standIns: await Promise.all(standIns),
    recovered: of('RECOVERED'),
  };
};
