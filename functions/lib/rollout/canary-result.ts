import type { JobState } from '../../../contracts/job-state.ts';
import { CANARY_APPROVES, type CanaryResult, type RolloutRules } from '../../../contracts/rollout.ts';
import { usageReport, usageRows } from '../agent/usage.ts';

/** Live calls are confirmed by a person, for canaries too: that wait is no failure, as long as it is not too long. */
const PERSONS_STEP = 'llm_live_confirm';

const seconds = ({ created_at }: JobState, now: Date): number => Math.max(0, (now.getTime() - Date.parse(created_at)) / 1000);

/** Why a canary that still waits has failed already; null while it may yet succeed. */
export const hopeless = (state: JobState, rules: RolloutRules, now: Date): string | null => {
  if (state.status === 'DONE') return null;
  if (seconds(state, now) > rules.canary_seconds) {
    const where = state.status === 'RUNNING' ? 'still runs' : `still waits at ${state.step}`;
    return `${where} after ${rules.canary_seconds} s`;
  }
  if (state.status === 'WAITING_HUMAN') return `asks a person at ${state.step}: ${state.question.slice(0, 200)}`;
  if (state.status !== 'WAITING_APPROVAL' || state.step === PERSONS_STEP) return null;
  // Of the holds its policy approves, a canary waits at none unless a stand-in answer took that right away.
  const why = CANARY_APPROVES.includes(state.step) ? 'a recorded answer stood in for a provider' : 'no policy may approve it';
  return `waits for a person at ${state.step}: ${why}`;
};

/** What became of a canary that has ended. `because`: why it was cancelled, where the rollout did that. */
export const canaryResult = (index: number, state: JobState, because: string | null): CanaryResult => {
  const outcome = state.status === 'DONE' ? state.outcome : null;
  const { total } = usageReport(state.job_id, usageRows(state.calls));
  const ok = outcome === 'succeeded' && !state.degraded;
  const why = state.status === 'DONE' ? (state.reason ?? outcome) : state.status;
  return {
    index,
    job_id: state.job_id,
    status: state.status,
    outcome,
    ok,
    degraded: state.degraded,
    reason: ok ? null : (because ?? (outcome === 'succeeded' ? 'a recorded answer stood in for a provider' : why)),
    seconds: seconds(state, new Date(state.updated_at)),
    tokens: total.total_tokens,
    usd: total.cost_usd,
  };
};

/** Seconds until a canary of this age is looked at again: soon at first, then less and less often. */
export const pauseFor = (state: JobState, rules: RolloutRules, now: Date): number =>
  Math.min(rules.look_every_seconds, Math.max(1, Math.ceil(seconds(state, now) / 4)));
