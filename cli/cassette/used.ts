import * as z from 'zod';
import { type Api, withQuery } from '../api.ts';
import { Jobs } from '../views.ts';
import { inBatches } from './recorded.ts';

const Paths = z.looseObject({ artifacts: z.array(z.looseObject({ path: z.string() })) });
const Output = z.looseObject({ agent: z.string(), key: z.string().nullable() });

const OUTPUT = /^outputs\/agents\/[^/]+\/\d+\/output\.json$/;
const PAGE = 100;

const lastJobs = async (api: Api, count: number): Promise<string[]> => {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const limit = Math.min(PAGE, count - ids.length);
    const { body } = await api.call('GET', withQuery('/jobs', { limit, cursor }), Jobs);
    ids.push(...body.jobs.map(({ job_id }) => job_id));
    cursor = body.next_cursor ?? undefined;
  } while (cursor !== undefined && ids.length < count);
  return ids;
};

/** `<agent>/<key>` of every answer that the last `count` jobs were given. */
export const keysUsed = async (api: Api, count: number): Promise<Set<string>> => {
  const used = await inBatches(await lastJobs(api, count), async (id) => {
    const { body } = await api.call('GET', `/jobs/${id}/artifacts`, Paths);
    const paths = body.artifacts.map(({ path }) => path).filter((path) => OUTPUT.test(path));
    const outputs = await Promise.all(paths.map(async (path) => (await api.call('GET', `/jobs/${id}/artifacts/${path}`, Output)).body));
    return outputs.flatMap(({ agent, key }) => (key === null ? [] : [`${agent}/${key}`]));
  });
  return new Set(used.flat());
};
