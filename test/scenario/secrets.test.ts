import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Question } from '../../infra/local/simulator/simulator.ts';
import { approve, call, driveToEnd, getJob, startTestCloud, submit, type TestCloud, untilSettled } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

const CANARY = 'canary-7f3a9b-Zq41';
const SPOKEN = 'password=abc cookie=sid=123 token=xyz';
const FORMS = [
  CANARY,
  encodeURIComponent(`${CANARY} `).trim(),
  Buffer.from(CANARY).toString('base64').slice(1, -2),
  'password=abc',
  'sid=123',
  'token=xyz',
];

/** A model that repeats what it should not know. */
const leaking = ({ system, user }: Question): string | undefined =>
  [...system, ...user].some((text) => text.includes('blueprint_v1'))
    ? JSON.stringify({
        schema_version: 'blueprint_v1',
        name: `Momentum ${CANARY}`,
        rationale: `It works because ${SPOKEN} and ${CANARY}.`,
        symbols: ['SPX'],
        frequency: '1d',
        strategy: { type: 'momentum', lookback: 252, threshold: 0 },
        train: { start: '2001-01-02', end: '2008-12-31' },
        evaluation: { start: '2009-01-02', end: '2012-06-29' },
      })
    : undefined;

let cloud: TestCloud;
beforeAll(async () => {
  const environment = { HOLDPOINT_LLM_DISABLE_NETWORK: undefined, HOLDPOINT_SIMULATED_KEY: CANARY, HOLDPOINT_LLM_RETRIES: '0' };
  cloud = await startTestCloud({ simulate: { answer: leaking }, environment });
});
afterAll(() => cloud.remove());

/** Files below `folder` that hold any form of a secret. */
const leaks = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => {
      const bytes = readFileSync(file).toString('latin1');
      return FORMS.some((form) => bytes.includes(form));
    });

it('a secret that a user, a model, a provider error or the environment says is in no byte of bucket, table, log or page', async () => {
  const spec = sample('idea-trend', { run: 4001, title: `Trends ${CANARY} ${SPOKEN}`, llm: { mode: 'record' } });
  const idea = { ...(spec['idea'] as object), hypothesis: `Trends persist, says ${CANARY}; ${SPOKEN}` };
  const { job_id } = await submit(cloud.web, { ...spec, idea });
  await approve(cloud.web, job_id, 'llm_live_confirm');
  const { job } = await untilSettled(cloud.web, job_id);
  await call(cloud.web, `/jobs/${job_id}/revise?step=${job.step}`, {
    body: { subject_digest: job.subject_digest, comment: `again, ${CANARY} ${SPOKEN}` },
  });
  cloud.simulator?.setFaults([{ kind: 'auth', times: 100, message: `bad key ${CANARY}; ${SPOKEN}` }]);
  await driveToEnd(cloud.web, job_id).catch(() => undefined);
  await call(cloud.web, `/jobs/${job_id}/cancel`, { body: { reason: `${CANARY} ${SPOKEN}` } });
  await call(cloud.web, '/jobs', { body: { ...spec, title: '', run: CANARY } });
  const pages = await Promise.all(
    ['/ui/jobs', `/ui/jobs/${job_id}`, '/ui/approvals', '/ui/cassettes'].map(async (path) => (await fetch(cloud.web + path)).text()),
  );
  const answer = await getJob(cloud.web, job_id);
  expect(FORMS.filter((form) => [...pages, JSON.stringify(answer)].some((text) => text.includes(form)))).toEqual([]);
  expect(leaks(cloud.dataDir)).toEqual([]);
});
