import { afterAll, beforeAll, expect, test } from 'vitest';
import { createArtifacts } from '../../adapters/aws/artifacts.ts';
import { createOutbox } from '../../adapters/notify/outbox.ts';
import { readOutbox } from '../../adapters/notify/read-outbox.ts';
import type { Notification } from '../../contracts/notification.ts';
import type { Artifacts } from '../../contracts/ports.ts';
import { CAPABILITY, draft, JOB_ID, linkFor } from '../../functions/lib/notification/notification.fixture.ts';
import { type Services, startServices } from '../support/services.ts';

// The outbox stands on S3's conditional writes: here they are real.

let services: Services;
let artifacts: Artifacts;
beforeAll(async () => {
  services = await startServices();
  artifacts = createArtifacts(services.clients.s3, 'holdpoint-local-artifacts');
});
afterAll(() => services.close());

const outboxAt = (now: string, sent: Notification[]) =>
  createOutbox({
    artifacts,
    notifier: {
      send: async (notification) => {
        sent.push(notification);
        return { status: 'sent', attempts: 1, receipt: null };
      },
    },
    linkOf: () => linkFor('https://holdpoint.example'),
    clock: () => new Date(now),
  });

test('of 32 writers of one notification one sends it, and of 32 passes over a kept one, one', async () => {
  const sent: Notification[] = [];
  await Promise.all(Array.from({ length: 32 }, () => outboxAt('2026-01-01T09:00:00.000Z', sent).notify(draft())));
  expect(sent).toHaveLength(1);
  const reminder = draft({ kind: 'reminded' });
  await outboxAt('2026-01-01T09:00:00.000Z', sent).record(reminder);
  await Promise.all(Array.from({ length: 32 }, () => outboxAt('2026-01-01T10:00:00.000Z', sent).flush(JOB_ID)));
  expect(sent.map(({ kind }) => kind)).toEqual(['opened', 'reminded']);
  expect((await readOutbox(artifacts, JOB_ID)).map(({ delivery }) => delivery.status)).toEqual(['sent', 'sent']);
});

test('no stored byte has the capability', async () => {
  const keys = await artifacts.list('notifications/');
  expect(keys.length).toBeGreaterThan(3);
  for (const { key } of keys) expect(new TextDecoder().decode((await artifacts.get(key))?.body)).not.toContain(CAPABILITY);
});
