import * as z from 'zod';
import { StageEvidence } from '../../contracts/rollout.ts';
import { type SmokeCheck, SmokeResult } from '../../contracts/smoke.ts';
import { breachWords } from '../../functions/lib/rollout/judge.ts';
import type { Api } from '../api.ts';
import { lastError } from '../ending.ts';
import { CliError, EXIT } from '../exit.ts';
import type { EventView } from '../views.ts';

const REPORT = 'outputs/smoke/smoke_report.json';
const MAX_REASON = 2000;

/** What the state Smoke found; null where the rollout did not come so far. */
export const readReport = async (api: Api, rolloutId: string): Promise<SmokeResult | null> => {
  try {
    return (await api.call('GET', `/jobs/${rolloutId}/artifacts/${REPORT}`, SmokeResult)).body;
  } catch (error) {
    if (error instanceof CliError && error.exit === EXIT.notFound) return null;
    throw error;
  }
};

const Evaluated = z.looseObject({ evidence: StageEvidence });

/** What stage 0 showed, by the log; null where it was not judged. */
export const evidenceOf = (events: readonly EventView[]): StageEvidence | null => {
  const outputs = events.find(({ event_type }) => event_type === 'STAGE_EVALUATED')?.outputs;
  return outputs === undefined ? null : Evaluated.parse(outputs).evidence;
};

/** What became of the canary, by the log. */
export const canaryCheck = (events: readonly EventView[], report: SmokeResult | null): SmokeCheck => {
  const of = (verdict: SmokeCheck['verdict'], reason: string): SmokeCheck => ({
    id: 'canary',
    verdict,
    reason: reason.slice(0, MAX_REASON),
  });
  const evidence = evidenceOf(events);
  if (evidence?.verdict === 'passed') {
    const jobs = evidence.canaries.map(({ job_id, outcome }) => `job ${job_id} ${outcome}`);
    return of('ok', `${jobs.join(', ')}; every criterion of stage 0 is met`);
  }
  if (evidence)
    return of('failed', `${breachWords(evidence)}; see "holdpoint timeline ${evidence.canaries[0]?.job_id ?? evidence.rollout}"`);
  if (report?.verdict === 'GO') return of('failed', `no canary was judged: ${lastError(events) || 'the rollout ended before that'}`);
  return of('skipped', 'no canary was started: a check before it failed');
};

/** Checks of a rollout that ended before the state Smoke: the reason stands in its log. */
export const endedEarly = (events: readonly EventView[]): SmokeCheck[] => {
  const reason = events.find(({ event_type }) => event_type === 'ROLLED_BACK')?.outputs['reason'];
  const said = events.findLast(({ event_type }) => ['ROLLED_BACK', 'ERROR', 'CANCELLED'].includes(event_type))?.message;
  const words = (said ?? 'the rollout ended before anything was looked at').slice(0, MAX_REASON);
  return [{ id: reason === 'CHECKS_FAILED' ? 'core_tests' : 'canary', verdict: 'failed', reason: words }];
};
