import { setTimeout as delay } from 'node:timers/promises';
import type { World } from '../../adapters/world.ts';
import { type Channel, type Commands, Refusal } from '../../contracts/commands.ts';
import type { Actor, EventDraft, JobEvent } from '../../contracts/events.ts';
import { FlagName } from '../../contracts/flags.ts';
import type { FlagList, FlagView, KillBody, KillView } from '../../contracts/http.ts';
import type { FlagState, Switches } from '../../contracts/switches.ts';
import { redact } from '../lib/redaction.ts';
import { whyNoJobs } from '../lib/switches/allow.ts';
import { type Change, decideFlag, decideKill, decideRelease } from '../lib/switches/decide.ts';
import { foldFlags, NO_CHANGES } from '../lib/switches/state.ts';
import { flagList, flagView } from '../lib/switches/views.ts';
import { type AuditPort, appendAudit } from './audit.ts';

/** What operators can do to flags and the kill switch. Every method throws `Refusal` for what is not allowed. */
export type SwitchCommands = {
  /** What holds, at most some seconds old; for showing it. */
  current(): Promise<Switches>;
  list(): Promise<FlagList>;
  setFlag(flag: string, value: unknown, change: Change): Promise<FlagView>;
  kill(target: KillBody, actor: Actor, channel?: Channel): Promise<KillView>;
  release(change: Change): Promise<KillView>;
  /** The audit log, a part at a time. */
  audit(after: number, limit: number): Promise<JobEvent[]>;
};

export type SwitchPorts = AuditPort &
  Pick<World, 'flags' | 'switches'> & { env: Pick<World['env'], 'knownSecrets'>; outbox?: Pick<World['outbox'], 'flush'> };

/** How long a release waits for what was held back to be sent, in ms; the reconciler sends the rest. */
const FLUSH_MS = 5_000;

/** Sends the notifications that a halt held back. The release holds whether or not they get through. */
const sendHeld = async ({ outbox }: SwitchPorts): Promise<void> => {
  if (!outbox) return;
  const enough = new AbortController();
  const sent = outbox.flush().catch(() => undefined);
  await Promise.race([sent, delay(FLUSH_MS, undefined, { signal: enough.signal }).catch(() => undefined)]);
  enough.abort();
};

/** The state as the audit log has it up to its event `last`. */
const stateAt = async ({ flags, audit }: Pick<World, 'flags' | 'audit'>, last: JobEvent | null): Promise<FlagState> => {
  const stored = (await flags.read()) ?? NO_CHANGES;
  if (last === null || last.seq <= stored.version) return stored;
  return foldFlags(stored, await audit.read(stored.version, last.seq - stored.version));
};

/**
 * Order of a change: append it to the audit log → write the state that functions read. A crash in between leaves a change
 * that is on record and not in force; the next change, or the reconciler, puts it in force.
 */
const change = async (
  ports: SwitchPorts,
  decideOn: (state: FlagState) => EventDraft | null,
): Promise<{ state: FlagState; already: boolean }> => {
  let before = NO_CHANGES;
  const event = await appendAudit(ports, async (last) => {
    before = await stateAt(ports, last);
    return decideOn(before);
  });
  const state = event ? foldFlags(before, [event]) : before;
  if (state.version > 0) await ports.flags.put(state);
  ports.switches.learn(state);
  return { state, already: event === null };
};

export const createSwitchCommands = (ports: SwitchPorts): SwitchCommands => {
  /** What people say goes into the log: without the secrets they may have pasted. */
  const spoken = ({ reason, ...change }: Change): Change => ({
    ...change,
    reason: reason && redact(reason, { secrets: ports.env.knownSecrets }).text,
  });
  const viewed = async (decideOn: (state: FlagState) => EventDraft | null): Promise<KillView> => {
    const { state, already } = await change(ports, decideOn);
    return { kill: state.kill, already };
  };
  return {
    current: () => ports.switches.current(),
    list: async () => flagList(await stateAt(ports, await ports.audit.last())),
    setFlag: async (flag, value, by) => {
      const { state } = await change(ports, (now) => decideFlag(now, { flag, value }, spoken(by)));
      return flagView(state, FlagName.parse(flag));
    },
    kill: (target, actor, channel) =>
      viewed((now) => decideKill(now, target, spoken({ actor, reason: target.reason ?? null, ...(channel ? { channel } : {}) }))),
    release: async (by) => {
      const view = await viewed((now) => decideRelease(now, spoken(by)));
      if (!view.already) await sendHeld(ports);
      return view;
    },
    audit: (after, limit) => ports.audit.read(after, limit),
  };
};

/** Puts in force what the audit log has and the stored state has not: after a crash, or where the table was lost. */
export const restoreSwitches = async (ports: Pick<World, 'flags' | 'audit'>): Promise<void> => {
  const [last, stored] = await Promise.all([ports.audit.last(), ports.flags.read()]);
  // A stored state, even one that says nothing was changed, spares every function a look at the log.
  if (last === null && stored === null) return ports.flags.put(NO_CHANGES);
  if (last !== null && (stored?.version ?? 0) < last.seq) await ports.flags.put(await stateAt(ports, last));
};

/** The commands, refusing new jobs while the kill switch halts everything. */
export const haltable = ({ switches }: Pick<World, 'switches'>, commands: Commands): Commands => ({
  ...commands,
  submit: async (spec, actor) => {
    const why = whyNoJobs(await switches.current());
    if (why !== null) throw new Refusal('KILL_SWITCH', why);
    return commands.submit(spec, actor);
  },
});
