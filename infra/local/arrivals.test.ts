import { expect, it } from 'vitest';
import { EMPTY_LOG, sealEvent } from '../../functions/lib/event.ts';
import { createArrivals } from './arrivals.ts';

const JOB = '0123456789ab';
const event = sealEvent(
  { event_type: 'IDEA_SUBMITTED', state: 'Intake', visit: 1, actor: { type: 'user', id: 'ann', identity: 'local' }, outputs: {} },
  { ...EMPTY_LOG, job_id: JOB, run_id: 'run-1', at: '2026-01-01T00:00:00.000Z' },
);
const put = (seq: number, body: string) => ({
  method: 'PUT',
  path: `/holdpoint-local-events/jobs/${JOB}/events/${String(seq).padStart(8, '0')}.json`,
  body: Buffer.from(body),
});
const forEver = () => new AbortController().signal;

it('who waits is handed the event that was just written', async () => {
  const arrivals = createArrivals();
  const waiting = arrivals.wait(JOB, 0, forEver());
  arrivals.note(put(1, JSON.stringify(event)), { status: 200 });
  expect(await waiting).toEqual({ newest: 1, next: event });
});

it('who missed some, or whose event is not the text alone, is told how far to read', async () => {
  const arrivals = createArrivals();
  const waiting = arrivals.wait(JOB, 0, forEver());
  arrivals.note(put(1, 'a3;chunk-signature=0'), { status: 200 });
  expect(await waiting).toEqual({ newest: 1, next: null });
  arrivals.note(put(2, JSON.stringify(event)), { status: 200 });
  expect(await arrivals.wait(JOB, 1, forEver())).toEqual({ newest: 2, next: null });
});

it('what was refused has not arrived, and who gives up learns what is known', async () => {
  const arrivals = createArrivals();
  arrivals.note(put(1, JSON.stringify(event)), { status: 412 });
  expect(await arrivals.wait(JOB, 0, AbortSignal.timeout(20))).toEqual({ newest: 0, next: null });
});
