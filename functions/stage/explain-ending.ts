import type { World } from '../../adapters/world.ts';
import type { LlmUsageEvent } from '../../contracts/agent-evidence.ts';
import type { JobContext } from '../../contracts/context.ts';
import type { JobState } from '../../contracts/job-state.ts';
import type { Artifact, StageEffects } from '../../contracts/stage.ts';
import { callId } from '../lib/agent/visit.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { type Explained, explainFailure } from '../lib/doctor/explain.ts';
import { asDoctorCall } from '../lib/doctor/note.ts';
import { DOCTOR } from '../lib/doctor/request.ts';
import type { Failure } from '../lib/hardening/failure.ts';
import { phase6Row } from '../lib/hardening/harden.ts';

/** How long a job that ends waits for the doctor, in ms: well below the time limit of the function. */
const WAIT_MS = 15_000;

type Asking = { job: JobState; context: Pick<JobContext, 'run_id' | 'visits'>; effects: StageEffects };

const file = (name: string, path: string, value: unknown): Artifact => ({
  ...{ name, path, body: canonicalJson(value) },
  content_type: 'application/json',
});

/** State and visit that failed. Visits are counted when a state is left: this one was one more. */
export const phaseOf = (state: string, visits: JobContext['visits']): string => `${state}:${(visits[state] ?? 0) + 1}`;

/** The row of the doctor's call: like any other it is listed in the log and in the books. */
const rowOf = ({ job, context }: Asking, answer: NonNullable<Explained['answer']>, at: string): LlmUsageEvent => {
  const place = { profile: DOCTOR, job_id: job.job_id, run_id: context.run_id, state: 'Stop', visit: 1, at };
  const { provider, model, usage, cost_usd, response_source, degraded, latency_ms } = answer;
  return asDoctorCall({
    ...{ run_id: context.run_id, job_id: job.job_id, phase_id: 'Stop:1', call_id: callId(place, 0), at, role: DOCTOR.agent },
    ...{ provider, model, ...usage, cost_usd, response_source, degraded, latency_ms, is_doctor_call: false, doctor_model: null },
  });
};

/**
 * Keeps an explanation of a failure beside the job: by a known pattern, or by the doctor where the flag allows it. Gives
 * back the doctor's call and nothing else, never throws, and ends in time: what it comes to decides nothing.
 */
export const explainEnding = async (
  world: Pick<World, 'artifacts' | 'clock'>,
  failure: Failure,
  asking: Asking,
  waitMs = WAIT_MS,
): Promise<{ calls: LlmUsageEvent[] }> => {
  try {
    const { job, effects } = asking;
    const flags = await effects.flags?.();
    const enabled = flags?.doctor_enabled ?? false;
    const { note, hardened, answer } = await explainFailure({ failure, ask: effects.ask, enabled, signal: AbortSignal.timeout(waitMs) });
    const kept = [
      file('failure_note', 'outputs/doctor/failure_note.json', note),
      file(
        'phase6',
        'outputs/doctor/phase6_metrics.json',
        phase6Row(
          { run_id: asking.context.run_id, phase_id: phaseOf(failure.state, asking.context.visits) },
          { hardened, intention_context_injected: false },
        ),
      ),
    ];
    await Promise.all(kept.map(({ path, body, content_type }) => world.artifacts.put(`jobs/${job.job_id}/${path}`, body, content_type)));
    return { calls: answer ? [rowOf(asking, answer, world.clock().toISOString())] : [] };
  } catch {
    // The job ends as it would have; its failure stays without words.
    return { calls: [] };
  }
};
