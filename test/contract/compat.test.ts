import { globSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createTaskTokens } from '../../adapters/aws/task-tokens.ts';
import { HoldPayload, JobContext, StagePayload } from '../../contracts/context.ts';
import { JobEvent } from '../../contracts/events.ts';
import { openContext } from '../../functions/lib/context.ts';
import { verifyChain } from '../../functions/lib/event.ts';
import { findApproval, fold, toRecord } from '../../functions/lib/fold.ts';
import { TABLE_NAME } from '../../infra/local/settings.ts';
import { type Services, startServices } from '../support/services.ts';

// What jobs of earlier builds left, as it was stored: new code reads it, or waiting jobs are stranded by a deployment. A fixture is
// never changed; a new shape is another folder (test/support/record-compat.ts).

const ROOT = fileURLToPath(new URL('../fixtures/compat/', import.meta.url));

const Recorded = z.strictObject({
  hold: z.string(),
  status: z.string(),
  step: z.string().nullable(),
  events: z.array(z.unknown()),
  waits: z.array(z.record(z.string(), z.unknown())),
  payloads: z.array(z.unknown()),
});
const Ring = z.strictObject({ current: z.string(), keys: z.record(z.string(), z.string()) });

const parse = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

const fixtures = globSync('*/*.json', { cwd: ROOT })
  .filter((file) => basename(file) !== 'key-ring.json')
  .map((file) => ({ file, ring: Ring.parse(parse(`${ROOT}${dirname(file)}/key-ring.json`)), job: Recorded.parse(parse(ROOT + file)) }));

const waiting = fixtures.filter(({ job }) => job.waits.length > 0);

const eventsOf = ({ events }: z.infer<typeof Recorded>): JobEvent[] => z.array(JobEvent).parse(events);

let services: Services;
beforeAll(async () => {
  services = await startServices();
});
afterAll(() => services.close());

it('there are waits of people, questions and budgets among them, and a job that is done', () => {
  expect(fixtures.length).toBeGreaterThanOrEqual(5);
  expect(new Set(fixtures.map(({ job }) => job.status))).toEqual(new Set(['WAITING_APPROVAL', 'WAITING_HUMAN', 'DONE']));
  // Every job that is not done waits; a fixture that lost its waits would be left out below.
  expect(waiting.map(({ file }) => file)).toEqual(fixtures.filter(({ job }) => job.status !== 'DONE').map(({ file }) => file));
});

describe.each(fixtures)('$file', ({ job, ring }) => {
  it('is a log that still verifies and folds to what it was', () => {
    expect(verifyChain(eventsOf(job)).problems).toEqual([]);
    const state = fold(eventsOf(job));
    expect(state && toRecord(state)).toMatchObject({ status: job.status, step: job.step });
  });

  it('has payloads that every state still takes', () => {
    expect(job.payloads.length).toBeGreaterThan(1);
    for (const payload of job.payloads) {
      const { state, run_id, input } = StagePayload.parse(payload);
      if (typeof payload === 'object' && payload !== null && 'task_token' in payload) HoldPayload.parse(payload);
      const context = z.object({ context: JobContext }).safeParse(input);
      // The first state is given the spec alone.
      if (!context.success) expect(state).toBe('Intake');
      else expect(openContext(ring, context.data.context, { run_id, states: null }).run_id).toBe(run_id);
    }
  });
});

it.each(waiting)('the wait of $file is still found, undecided, and told where it leads', async ({ job }) => {
  for (const Item of job.waits) await services.clients.dynamo.send(new PutCommand({ TableName: TABLE_NAME, Item }));
  const state = fold(eventsOf(job));
  const [wait, ...others] = await createTaskTokens(services.clients.dynamo, TABLE_NAME).list(state?.job_id ?? '');
  expect(others).toEqual([]);
  expect(wait).toMatchObject({ step: job.step, run_id: state?.owner_run, context: { job_id: state?.job_id } });
  expect(state && wait && findApproval(state, wait)).toMatchObject({ step: job.step, decision: null });
  expect(typeof wait?.leads_to?.next).toBe('string');
});
