import { UnreadableDocument } from '../../../contracts/errors.ts';
import { JobSpec, type Rollout } from '../../../contracts/job-spec.ts';
import { json } from '../decode.ts';

const decode = json(JobSpec);

/**
 * The rollout that a job's spec carries.
 * @throws UnreadableDocument for a spec of other work
 */
export const decodeRollout = (text: string): Rollout => {
  const spec = decode(text);
  if (spec.kind !== 'rollout') throw new UnreadableDocument(`the spec is of kind "${spec.kind}"; this state works on a rollout`);
  return spec.rollout;
};
