import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuditLog } from '../../adapters/aws/audit-log.ts';
import { createFlagStore } from '../../adapters/aws/flags.ts';
import { createSwitchReader } from '../../adapters/switches.ts';
import { AUDIT, type JobEvent } from '../../contracts/events.ts';
import type { AuditLog, FlagStore } from '../../contracts/ports.ts';
import { EMPTY_LOG, sealEvent, verifyChain } from '../../functions/lib/event.ts';
import { memoryAuditLog, memoryFlagStore } from '../../functions/lib/switches/memory.fixture.ts';
import { foldFlags, NO_CHANGES } from '../../functions/lib/switches/state.ts';
import { recordAudit } from '../../functions/stage/audit.ts';
import { createSwitchCommands, restoreSwitches, type SwitchPorts } from '../../functions/stage/switches.ts';
import { type Services, startServices } from '../support/services.ts';

let services: Services;
beforeAll(async () => {
  services = await startServices();
});
afterAll(() => services.close());

const BUCKET = 'holdpoint-local-events';
const TABLE = 'holdpoint-local-jobs';
const OPS = { type: 'user', id: 'ops', identity: 'local' } as const;

const portsOver = (audit: AuditLog, flags: FlagStore): SwitchPorts => ({
  ...{ audit, flags, clock: () => new Date(), env: { knownSecrets: ['hunter2-secret'] } },
  switches: createSwitchReader({ store: flags, audit, maxAgeMs: 0, now: Date.now }),
});

/** Another function's view of the same stores. */
const onAws = (): SwitchPorts => portsOver(createAuditLog(services.clients.s3, BUCKET), createFlagStore(services.clients.dynamo, TABLE));

const next = (last: JobEvent | null, writer = 0): JobEvent =>
  sealEvent(
    { event_type: 'LINK_ISSUED', state: 'Control', visit: 1, kind: `writer-${writer}`, actor: OPS, ordinal: last?.seq ?? 0 },
    { ...(last ? { last_seq: last.seq, last_hash: last.hash } : EMPTY_LOG), ...AUDIT, at: '2026-01-01T00:00:00.000Z' },
  );

// In this order: the AWS implementation has one log for all of its tests.
describe.each([
  ['S3', () => createAuditLog(services.clients.s3, BUCKET)],
  ['memory', () => memoryAuditLog()],
] as const)('an audit log in %s', (_, open) => {
  it('is empty at first, lets one of 16 writers win, and reads on from any place', async () => {
    const log = open();
    expect([await log.last(), await log.read()]).toEqual([null, []]);
    const racers = Array.from({ length: 16 }, (_, writer) => next(null, writer));
    const results = await Promise.all(racers.map((event) => log.append(event)));
    expect(results.filter((result) => result === 'appended')).toHaveLength(1);
    for (let n = 2; n <= 40; n++) await log.append(next(await log.last()));
    const events = await log.read();
    expect(events).toHaveLength(40);
    expect(verifyChain(events)).toMatchObject({ ok: true, problems: [] });
    expect(await log.read(17, 5)).toEqual(events.slice(17, 22));
    expect(await log.read(40)).toEqual([]);
    expect(await log.last()).toEqual(events.at(-1));
  });
});

it('a fresh reader finds the end of a long audit log in few steps', async () => {
  let gets = 0;
  const { s3 } = services.clients;
  const send = s3.send.bind(s3);
  const counting = Object.assign(Object.create(s3), {
    send: (...args: Parameters<typeof send>) => {
      gets++;
      return send(...args);
    },
  });
  expect((await createAuditLog(counting, BUCKET).last())?.seq).toBe(40);
  expect(gets).toBeLessThanOrEqual(12);
});

describe.each([
  ['DynamoDB', () => createFlagStore(services.clients.dynamo, TABLE)],
  ['memory', memoryFlagStore],
] as const)('a flag store in %s', (_, open) => {
  it('is empty at first, and keeps the latest version however writes arrive', async () => {
    const store = open();
    expect(await store.read()).toBeNull();
    const at = (version: number) => ({ ...NO_CHANGES, version });
    await Promise.all([3, 1, 5, 2, 4].map((version) => store.put(at(version))));
    expect(await store.read()).toEqual(at(5));
    await store.put(at(4));
    expect(await store.read()).toEqual(at(5));
  });
});

it('a stored state of an unknown version is refused, and counts as unreadable', async () => {
  const item = { pk: 'FLAGS', sk: 'FLAGS', ...NO_CHANGES, schema_version: 'flag_state_v9' };
  await services.clients.dynamo.send(new PutCommand({ TableName: TABLE, Item: item }));
  const ports = onAws();
  await expect(ports.flags.read()).rejects.toThrow(/flag_state_v1/);
  expect((await ports.switches.current()).readable).toBe(false);
  await services.clients.dynamo.send(new PutCommand({ TableName: TABLE, Item: { pk: 'FLAGS', sk: 'FLAGS', ...NO_CHANGES } }));
});

describe('changes of flags and kill switch', () => {
  it('of 12 operators at once all hold, each on record once, in one chain', async () => {
    const before = (await onAws().audit.last())?.seq ?? 0;
    const caps = Array.from({ length: 6 }, (_, n) => n);
    await Promise.all(
      caps.flatMap((n) => {
        const commands = createSwitchCommands(onAws());
        const who = { actor: { ...OPS, id: `op-${n}` }, reason: null };
        return [commands.setFlag('embedding_budget', n + 1, who), commands.setFlag('history_pack_max_tiers', n, who)];
      }),
    );
    const ports = onAws();
    const events = await ports.audit.read();
    expect(verifyChain(events).problems).toEqual([]);
    expect(events.length - before).toBe(12);
    const stored = await ports.flags.read();
    expect(stored).toEqual(foldFlags(NO_CHANGES, events));
    const last = events.findLast(({ outputs }) => outputs['flag'] === 'embedding_budget');
    expect((await ports.switches.current()).flags.embedding_budget).toBe(last?.outputs['to']);
  });

  it('are on record before they hold: a crash in between leaves none that nobody can see, and the next pass puts it in force', async () => {
    const ports = onAws();
    const crashing: SwitchPorts = { ...ports, flags: { ...ports.flags, put: () => Promise.reject(new Error('killed')) } };
    await expect(createSwitchCommands(crashing).kill({ halt: true, reason: 'smoke' }, OPS)).rejects.toThrow('killed');
    expect(await ports.audit.last()).toMatchObject({ event_type: 'KILL_SWITCH_SET', message: 'smoke', actor: OPS });
    expect((await ports.switches.current()).kill.halted).toBe(false);
    await restoreSwitches(ports);
    expect((await ports.switches.current()).kill.halted).toBe(true);
    await expect(createSwitchCommands(crashing).release({ actor: OPS, reason: null })).rejects.toThrow('killed');
    expect((await ports.switches.current()).kill.halted).toBe(true);
    expect(await createSwitchCommands(ports).release({ actor: OPS, reason: null })).toMatchObject({ already: true });
    expect((await ports.switches.current()).kill.halted).toBe(false);
    await createSwitchCommands(ports).kill({ halt: true }, OPS);
    expect(await createSwitchCommands(ports).release({ actor: OPS, reason: null })).toMatchObject({ already: false });
  });

  it('that could not be put on record do not hold', async () => {
    const ports = onAws();
    const deaf: SwitchPorts = { ...ports, audit: { ...ports.audit, append: () => Promise.reject(new Error('no S3')) } };
    await expect(createSwitchCommands(deaf).kill({ halt: true }, OPS)).rejects.toThrow('no S3');
    expect((await ports.switches.current()).kill.halted).toBe(false);
  });

  it('whose answer was lost are one event', async () => {
    const ports = onAws();
    const before = (await ports.audit.last())?.seq ?? 0;
    const lossy: AuditLog = {
      ...ports.audit,
      append: async (event) => {
        await ports.audit.append(event);
        return 'conflict';
      },
    };
    await recordAudit({ audit: lossy, clock: () => new Date() }, { event_type: 'LINK_REVOKED', actor: OPS });
    expect((await ports.audit.last())?.seq).toBe(before + 1);
  });

  it('keep no secret that somebody gave as the reason', async () => {
    const ports = onAws();
    await createSwitchCommands(ports).setFlag('telemetry', true, { actor: OPS, reason: 'token hunter2-secret, password=abc' });
    const text = JSON.stringify([await ports.audit.last(), await ports.flags.read()]);
    expect(text).not.toContain('hunter2-secret');
    expect(text).not.toContain('password=abc');
  });

  it('survive the loss of the table', async () => {
    const ports = onAws();
    const lost = portsOver(ports.audit, memoryFlagStore());
    expect((await lost.switches.current()).flags).toEqual((await ports.switches.current()).flags);
    expect((await createSwitchCommands(lost).list()).flags.find(({ name }) => name === 'telemetry')).toMatchObject({ changed_by: 'ops' });
    await restoreSwitches(lost);
    expect(await lost.flags.read()).toEqual(await ports.flags.read());
  });
});
