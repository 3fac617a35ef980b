import * as z from 'zod';
import { RunnerResult } from '../../contracts/runner.ts';
import type { Api } from '../api.ts';
import { CliError, EXIT } from '../exit.ts';
import { loadReport } from '../verifying/proof.ts';

const Files = z.looseObject({ artifacts: z.array(z.looseObject({ path: z.string(), bytes: z.int(), sha256: z.string() })) });

/** A log, as it stood when the gate looked. */
export type LogFact = { job_id: string; events: number; signed_through: number; head: string | null };
export type FileFact = { path: string; bytes: number; sha256: string };
export type Evidence = { logs: LogFact[]; files: FileFact[]; checks: RunnerResult | null };

/** What somebody else needs to look at the same: these files of the rollout. */
const KEPT = /^(job_spec\.json|outputs\/(smoke|rollout|runner)\/.*\.(json|md))$/;
const RESULT = /^outputs\/runner\/test\/\d+\/runner_result_v1\.json$/;

const resultOf = async (api: Api, rollout: string, path: string): Promise<RunnerResult | null> => {
  try {
    return (await api.call('GET', `/jobs/${rollout}/artifacts/${path}`, RunnerResult)).body;
  } catch (error) {
    if (error instanceof CliError && error.exit === EXIT.notFound) return null;
    throw error;
  }
};

/** Digests of the logs and files that a gate stands on. */
export const gatherEvidence = async (api: Api, rollout: string, canaries: readonly string[]): Promise<Evidence> => {
  const logs: LogFact[] = [];
  for (const job of [rollout, ...canaries]) {
    const { job_id, events, signed_through, head } = await loadReport(api, job);
    logs.push({ job_id, events, signed_through, head });
  }
  const { body } = await api.call('GET', `/jobs/${rollout}/artifacts`, Files);
  const files = body.artifacts
    .filter(({ path }) => KEPT.test(path))
    .map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const last = files.findLast(({ path }) => RESULT.test(path));
  return { logs, files, checks: last ? await resultOf(api, rollout, last.path) : null };
};
