import * as z from 'zod';
import { RolloutView as Shape } from '../../contracts/rollout-http.ts';
import type { Api } from '../api.ts';
import { CliError, EXIT, usage } from '../exit.ts';

export const RolloutView = z.looseObject(Shape.shape);
export type RolloutView = z.infer<typeof RolloutView>;
const Rollouts = z.looseObject({ rollouts: z.array(RolloutView), next_cursor: z.string().nullable() });

/** Rollouts looked through for the one that is meant, newest first. */
const LOOKED_THROUGH = 20;

const newest = async (api: Api): Promise<RolloutView[]> =>
  (await api.call('GET', `/rollouts?limit=${LOOKED_THROUGH}`, Rollouts)).body.rollouts;

/** @throws CliError (exit 4) when there is no such rollout */
export const loadRollout = async (api: Api, jobId: string): Promise<RolloutView> =>
  (await api.call('GET', `/rollouts/${jobId}`, RolloutView)).body;

const START = 'start one with "holdpoint rollout start"';

/** The rollout that was named, else the newest that is not over, else the newest. @throws CliError (exit 4) where there is none */
export const findRollout = async (api: Api, jobId: string | undefined): Promise<RolloutView> => {
  if (jobId !== undefined) return loadRollout(api, jobId);
  const rollouts = await newest(api);
  const found = rollouts.find(({ status }) => status !== 'DONE') ?? rollouts[0];
  if (!found) throw new CliError('NOT_FOUND', EXIT.notFound, 'there is no rollout', { next: START });
  return found;
};

/**
 * The rollout that was named, else the only one `fits`.
 * @throws CliError exit 5 where none does, exit 2 where several do
 */
export const onlyRollout = async (
  api: Api,
  jobId: string | undefined,
  { fits, none, next }: { fits: (rollout: RolloutView) => boolean; none: string; next: string },
): Promise<RolloutView> => {
  if (jobId !== undefined) return loadRollout(api, jobId);
  const [found, ...others] = (await newest(api)).filter(fits);
  if (!found) throw new CliError('NOT_WAITING', EXIT.conflict, none, { next });
  if (others.length > 0)
    throw usage(`${others.length + 1} rollouts fit: ${[found, ...others].map(({ job_id }) => job_id).join(', ')}`, 'name one of them');
  return found;
};

/** Whether a rollout waits for the approval of a stage. */
export const waitsAtStage = ({ status, step }: RolloutView): boolean => status === 'WAITING_APPROVAL' && /^stage_\d$/.test(step ?? '');
