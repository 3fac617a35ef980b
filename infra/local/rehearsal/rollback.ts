import { readFileSync } from 'node:fs';
import { asError } from '../../../contracts/errors.ts';
import type { Service } from './service.ts';

/** One thing that must hold, and what was found. */
export type Rehearsed = { rule: string; ok: boolean; found: string };

/** What the rehearsal breaks and looks at, besides the service: how slow models are. */
export type Surroundings = { slowModels: (ms: number) => void };

const EFFECTIVE_WITHIN_MS = 30_000;
/** A model that is still answering when the switch is thrown. */
const SLOW_MS = 1_500;

const SAMPLE: Record<string, unknown> = JSON.parse(
  readFileSync(new URL('../../../docs/examples/idea-trend.json', import.meta.url), 'utf8'),
);
const job = (run: number, mode: string) => ({ ...SAMPLE, title: 'In flight', run, llm: { mode } });
const ROLLOUT = {
  ...{ schema_version: 'job_spec_v1', kind: 'rollout', title: 'Rehearsal of an emergency', run: 1 },
  rollout: { schema_version: 'rollout_v1', target: { kind: 'features' }, canaries: [SAMPLE] },
};

const ABOVE_STAGE_1 = ['history_pack', 'document_substitution', 'extended_contexts'] as const;

const words = (values: Record<string, unknown>): string =>
  ['telemetry', ...ABOVE_STAGE_1].map((name) => `${name} ${values[name] === true ? 'on' : 'off'}`).join(', ');
const isStage1 = (values: Record<string, unknown>): boolean =>
  values['telemetry'] === true && ABOVE_STAGE_1.every((name) => values[name] === false);

/** Brings the features in up to stage 2, where the rollout waits for the approval of stage 3. */
const climb = async (service: Service): Promise<string> => {
  await service.setFlag('test_runner_enabled', true);
  const rollout = await service.submit(ROLLOUT);
  for (const step of ['stage_1', 'stage_2']) await service.decide(rollout, step, 'approve');
  await service.waits(rollout, 'stage_3');
  return rollout;
};

/** Jobs at a hold, behind one, on their way, and in the middle of a model call. */
const inFlight = async (service: Service, { slowModels }: Surroundings): Promise<string[]> => {
  const [atBlueprint, atRunspec] = await Promise.all([1, 2].map((run) => service.submit(job(run, 'replay'))));
  const asking = await service.submit(job(3, 'live'));
  await Promise.all([service.waits(atBlueprint ?? '', 'blueprint'), service.decide(atRunspec ?? '', 'blueprint', 'approve')]);
  await service.waits(atRunspec ?? '', 'runspec');
  slowModels(SLOW_MS);
  await service.decide(asking, 'llm_live_confirm', 'approve');
  const running = await service.submit(job(4, 'replay'));
  return [atBlueprint ?? '', atRunspec ?? '', running, asking];
};

/** Decides whatever waits, until the job is over. @returns its outcome */
const finish = async (service: Service, jobId: string): Promise<string> => {
  const { job: at } = await service.read(jobId);
  for (const step of at.step === 'runspec' ? ['runspec'] : ['blueprint', 'runspec']) await service.decide(jobId, step, 'approve');
  return (await service.ended(jobId)).job.outcome ?? 'none';
};

/** Context packs of jobs that start one after the other, until one has none or the time is up. */
const packsOfFresh = async (service: Service, deadline: number): Promise<number> => {
  for (let run = 5; ; run++) {
    const started = Date.now();
    const fresh = await service.submit(job(run, 'replay'));
    await service.waits(fresh, 'blueprint');
    const packs = (await service.artifacts(fresh)).filter((path) => path.endsWith('context_pack.json'));
    if (packs.length === 0 || started > deadline) return packs.length;
  }
};

/** What a job may come to that was not harmed: a model's own draft may fail its gates. */
const UNHARMED = ['succeeded', 'gates_failed'];

const attempt = async (rule: string, look: () => Promise<[boolean, string]>): Promise<Rehearsed> => {
  try {
    const [ok, found] = await look();
    return { rule, ok, found };
  } catch (error) {
    return { rule, ok: false, found: asError(error).message };
  }
};

/**
 * An emergency, for real, on a service that nobody else uses: a rollout at stage 2, jobs in flight, the kill switch, a rollback, the
 * release. @returns every rule with what was found, always in the same order
 */
export const rehearseRollback = async (service: Service, around: Surroundings): Promise<Rehearsed[]> => {
  const done: Rehearsed[] = [];
  const check = async (rule: string, look: () => Promise<[boolean, string]>) => {
    done.push(await attempt(rule, look));
  };
  const rollout = await climb(service);
  const jobs = await inFlight(service, around);
  const thrown = Date.now();
  await service.kill('stage1');
  await check('kill --to stage1 leaves telemetry alone on, within 30 s', async () => {
    const values = await service.flags();
    return [isStage1(values) && Date.now() - thrown < EFFECTIVE_WITHIN_MS, words(values)];
  });
  await check('within 30 s jobs that start work without a history pack', async () => {
    const packs = await packsOfFresh(service, thrown + EFFECTIVE_WITHIN_MS);
    return [
      packs === 0,
      packs === 0 ? 'no context pack in a job that started after the switch' : `still ${packs} context packs after 30 s`,
    ];
  });
  await check('jobs in flight go on to their end: at a hold, behind one, on the way, and in a model call', async () => {
    const outcomes = await Promise.all(jobs.map((id) => finish(service, id)));
    return [outcomes.every((outcome) => UNHARMED.includes(outcome)), outcomes.join(', ')];
  });
  await check('a refused stage rolls the rollout back to stage 1, within 30 s', async () => {
    const refused = Date.now();
    await service.decide(rollout, 'stage_3', 'reject');
    const { job: over, events } = await service.ended(rollout);
    const to = events.find(({ event_type }) => event_type === 'ROLLED_BACK')?.outputs['to_stage'];
    const soon = Date.now() - refused < EFFECTIVE_WITHIN_MS;
    return [over.outcome === 'rolled_back' && to === 1 && soon, `${over.outcome} to stage ${String(to)}`];
  });
  await check('the release brings nothing back that was rolled back', async () => {
    await service.release();
    const values = await service.flags();
    return [isStage1(values), words(values)];
  });
  await check('nothing is lost: every log verifies', async () => {
    const problems = await service.problems();
    return [problems.length === 0, problems.length === 0 ? 'every log verifies' : problems.slice(0, 3).join('; ')];
  });
  return done;
};
