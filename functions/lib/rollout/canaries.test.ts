import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Rollout } from '../../../contracts/job-spec.ts';
import { identifyJob } from '../open-job.ts';
import { canarySpec } from './canaries.ts';

const sample = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../../docs/examples/${name}.json`, import.meta.url), 'utf8'));
const rollout = Rollout.parse({
  ...{ schema_version: 'rollout_v1', target: { kind: 'features' } },
  canaries: [sample('idea-trend'), sample('blueprint-breakout')],
});
const idOf = (id: string, stage: number, index: number): string => {
  const identified = identifyJob(canarySpec(rollout, id, stage, index));
  return identified.ok ? identified.job.job_id : expect.fail(identified.problem);
};

describe('a canary', () => {
  it('is the same job however often it is looked at', () => {
    expect(idOf('aaaaaaaaaaaa', 1, 0)).toBe(idOf('aaaaaaaaaaaa', 1, 0));
  });

  it('is another job for every rollout, stage and index: nothing is judged by what ran before', () => {
    const places = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb'].flatMap((id) =>
      [0, 1].flatMap((stage) => [0, 1, 2].map((index) => idOf(id, stage, index))),
    );
    expect(new Set(places).size).toBe(12);
  });

  it('takes its work from the specs of the rollout in turn', () => {
    expect([0, 1, 2].map((index) => canarySpec(rollout, 'aaaaaaaaaaaa', 2, index).kind)).toEqual(['idea', 'blueprint', 'idea']);
  });
});
