import { UnreadableDocument } from '../../contracts/errors.ts';
import { JobSpec, type ResearchJob } from '../../contracts/job-spec.ts';
import { json } from './decode.ts';

const decode = json(JobSpec);

/**
 * The spec of a job that researches something.
 * @throws UnreadableDocument for a rollout, which has no idea and no blueprint
 */
export const decodeResearch = (text: string): ResearchJob => {
  const spec = decode(text);
  if (spec.kind === 'rollout') throw new UnreadableDocument('the spec is of a rollout; this state works on an idea or a blueprint');
  return spec;
};
