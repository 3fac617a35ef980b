import type { Actor } from '../../../contracts/events.ts';
import type { ResearchJob, Rollout } from '../../../contracts/job-spec.ts';
import { ROLLOUT_ACTOR } from '../../../contracts/rollout.ts';
import { sha256Hex } from '../hash.ts';

/** Characters of the title that a canary takes over; the rest names rollout, stage and index. */
const TITLE_KEPT = 120;
/** Runs are counted to here: `job_spec_v1`. */
const MAX_RUN = 1_000_000;

/** Who opens the canaries of a rollout. */
export const canaryActor = (rolloutId: string): Actor => ({ type: 'system', id: `${ROLLOUT_ACTOR}${rolloutId}`, identity: 'none' });

/** Whether a job was opened by a rollout: a person cannot be `system`. */
export const isCanary = ({ type, id }: Actor): boolean => type === 'system' && id.startsWith(ROLLOUT_ACTOR);

/** 32 bits of a digest: a number that only this rollout, stage and index have. */
const runOf = (rolloutId: string, stage: number, index: number): number =>
  1 + (Number.parseInt(sha256Hex(`${rolloutId}/${stage}/${index}`).slice(0, 8), 16) % MAX_RUN);

/** The spec of one canary: the rollout's own, taken in turn, as a job that exists once. */
export const canarySpec = ({ canaries }: Rollout, rolloutId: string, stage: number, index: number): ResearchJob => {
  const spec = canaries[index % canaries.length];
  if (!spec) throw new RangeError('a rollout has at least one canary spec');
  const title = `${spec.title.slice(0, TITLE_KEPT)} (canary ${index + 1} of stage ${stage}, rollout ${rolloutId})`;
  return { ...spec, title, run: runOf(rolloutId, stage, index) };
};
