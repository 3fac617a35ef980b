import * as z from 'zod';
import { AnswerLabels, ErrorSummary, LlmUsageEvent } from '../../../contracts/agent-evidence.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import { ProviderAttempt } from '../../../contracts/llm-journal.ts';
import { type ProviderFailure, providerFailures } from '../../lib/agent/attempts.ts';
import type { WebDeps } from '../deps.ts';
import type { FileLink } from '../model/timeline.ts';

/** An answer from a recording that stands in for providers that failed. */
export type StandIn = { agent: string; phase: string; labels: AnswerLabels | null; failures: ProviderFailure[] };

/** What went wrong with model calls of a job. */
export type Trouble = {
  standIns: StandIn[];
  /** Why the job stopped, where it stopped for want of an answer. */
  error: { summary: ErrorSummary; file: FileLink; failures: ProviderFailure[] } | null;
  /** A call whose first try left no trace of its end, and may have been billed twice. */
  doubleCharge: boolean;
};

const JOURNAL = /^outputs\/llm\/journal\/[^/]+\/\d+\/[^/]+\.(closed|answer)\.json$/;
const ERROR = /^outputs\/agents\/[^/]+\/\d+\/error_summary\.json$/;
/** Rounds of calls that are read for one page. */
const MAX_ROUNDS = 40;

// Answered and closed rounds and what a stopped call leaves share these members.
const Round = z.object({
  state: z.string(),
  visit: z.int(),
  attempts: z.array(ProviderAttempt),
  possible_double_charge: z.boolean(),
});
type Round = z.infer<typeof Round>;
const Session = z.object({ labels: AnswerLabels.nullable() });

const read = async <S extends z.ZodType>(deps: WebDeps, jobId: string, path: string, schema: S): Promise<z.infer<S> | null> => {
  const object = await deps.artifacts.get(`jobs/${jobId}/${path}`);
  try {
    return object && (schema.safeParse(JSON.parse(new TextDecoder().decode(object.body))).data ?? null);
  } catch {
    return null;
  }
};

const attemptsOf = (rounds: readonly Round[], phase: string): ProviderAttempt[] =>
  rounds.filter(({ state, visit }) => `${state}:${visit}` === phase).flatMap(({ attempts }) => attempts);

const standInsOf = (deps: WebDeps, state: JobState, rounds: readonly Round[]): Promise<StandIn[]> => {
  const degraded = state.calls.flatMap((call) => LlmUsageEvent.safeParse(call).data ?? []).filter((row) => row.degraded);
  const rows = [...new Map(degraded.map((row) => [row.call_id, row])).values()];
  return Promise.all(
    rows.map(async ({ role, phase_id }) => {
      const visit = phase_id.split(':')[1];
      const session = await read(deps, state.job_id, `outputs/agents/${role}/${visit}/llm_session.json`, Session);
      return { agent: role, phase: phase_id, labels: session?.labels ?? null, failures: providerFailures(attemptsOf(rounds, phase_id)) };
    }),
  );
};

const errorOf = async (deps: WebDeps, state: JobState, paths: string[]): Promise<(Trouble['error'] & { double: boolean }) | null> => {
  if (state.status !== 'DONE' || state.outcome !== 'stopped_llm_error') return null;
  const found = await Promise.all(
    paths.filter((path) => ERROR.test(path)).map(async (path) => ({ path, summary: await read(deps, state.job_id, path, ErrorSummary) })),
  );
  const summaries = found.flatMap(({ path, summary }) => (summary ? [{ path, summary }] : []));
  const last = summaries.toSorted((a, b) => a.summary.at.localeCompare(b.summary.at)).at(-1);
  if (!last) return null;
  const round = await read(deps, state.job_id, last.path.replace('error_summary.json', 'llm_attempts.json'), Round);
  return {
    summary: last.summary,
    file: { path: last.path, name: 'error_summary.json' },
    failures: providerFailures(round?.attempts ?? []),
    double: round?.possible_double_charge ?? false,
  };
};

/** Reads what failed and what stood in from a job's evidence. `paths` are the job's files. */
export const loadTrouble = async (deps: WebDeps, state: JobState, paths: string[]): Promise<Trouble> => {
  const journal = paths.filter((path) => JOURNAL.test(path)).slice(0, MAX_ROUNDS);
  const rounds = (await Promise.all(journal.map((path) => read(deps, state.job_id, path, Round)))).filter((round) => round !== null);
  const [standIns, error] = await Promise.all([standInsOf(deps, state, rounds), errorOf(deps, state, paths)]);
  return { standIns, error, doubleCharge: (error?.double ?? false) || rounds.some((round) => round.possible_double_charge) };
};
