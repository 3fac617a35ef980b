import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../../contracts/commands.ts';
import { AUDIT, type EventDraft, type JobEvent } from '../../../contracts/events.ts';
import { FLAG_NAMES, FLAGS } from '../../../contracts/flags.ts';
import type { KillBody } from '../../../contracts/http.ts';
import { FlagState, KILL_LEVELS, KillTarget } from '../../../contracts/switches.ts';
import { EMPTY_LOG, sealEvent } from '../event.ts';
import { allowExternalWrite, allowModelCall, whyNoJobs } from './allow.ts';
import { decideFlag, decideKill, decideRelease } from './decide.ts';
import { evolveFlags, foldFlags, NO_CHANGES, switchesOf, UNREADABLE } from './state.ts';
import { flagList } from './views.ts';

const ANN = { actor: { type: 'user', id: 'ann', identity: 'local' } as const, reason: 'a try' };

const sealed = (state: FlagState, draft: EventDraft): JobEvent =>
  sealEvent(draft, { ...EMPTY_LOG, last_seq: state.version, ...AUDIT, at: '2026-01-05T09:00:00.000Z' });
const after = (state: FlagState, draft: EventDraft | null): FlagState => (draft ? evolveFlags(state, sealed(state, draft)) : state);
const set = (state: FlagState, flag: string, value: unknown) => after(state, decideFlag(state, { flag, value }, ANN));
const kill = (state: FlagState, target: KillBody) => after(state, decideKill(state, target, ANN));

const everythingOn = [
  'telemetry',
  'history_pack',
  'document_substitution',
  'extended_contexts',
  'intention_context',
  'doctor_enabled',
].reduce((state, flag) => set(state, flag, true), NO_CHANGES);

describe('a flag', () => {
  it('is set on record: old value, new value, who and why', () => {
    expect(decideFlag(NO_CHANGES, { flag: 'telemetry', value: true }, ANN)).toMatchObject({
      event_type: 'FLAG_CHANGED',
      actor: ANN.actor,
      message: 'a try',
      outputs: { flag: 'telemetry', from: false, to: true },
    });
  });

  it('set to what it is set to is no change', () => {
    expect(decideFlag(set(NO_CHANGES, 'telemetry', true), { flag: 'telemetry', value: true }, ANN)).toBeNull();
  });

  it.each([
    ['no_such_flag', true],
    ['__proto__', true],
    ['telemetry', 'yes'],
    ['history_pack_max_tiers', 11],
    ['test_runner_repos', ['../x']],
  ])('%s is not set to %j', (flag, value) => {
    expect(() => decideFlag(NO_CHANGES, { flag, value }, ANN)).toThrow(Refusal);
  });

  it('shows who changed it, and defaults where nobody did', () => {
    const { flags } = flagList(set(NO_CHANGES, 'llm_mode', 'replay'));
    expect(flags.find(({ name }) => name === 'llm_mode')).toMatchObject({
      value: 'replay',
      default: null,
      changed_by: 'ann',
      reason: 'a try',
    });
    expect(flags.find(({ name }) => name === 'telemetry')).toMatchObject({ value: false, changed_by: null, changed_at: null });
    expect(flags.map(({ name }) => name)).toEqual(FLAG_NAMES);
  });
});

describe('the kill switch', () => {
  it.each([
    ['stage2', { telemetry: true, history_pack: true, document_substitution: true, extended_contexts: false }],
    ['stage1', { telemetry: true, history_pack: false, document_substitution: false, extended_contexts: false, doctor_enabled: false }],
    ['off', { telemetry: false, history_pack: false, document_substitution: false, extended_contexts: false, intention_context: false }],
  ] as const)('down to %s leaves exactly what that stage has', (to, flags) => {
    expect(switchesOf(kill(everythingOn, { to })).flags).toMatchObject(flags);
  });

  it('names the flags it lowered, and the release gives them back', () => {
    const draft = decideKill(everythingOn, { to: 'stage2' }, ANN);
    expect(draft?.outputs).toMatchObject({ flags: { extended_contexts: { from: true, to: false } } });
    const down = after(everythingOn, draft);
    expect(switchesOf(after(down, decideRelease(down, ANN))).flags).toEqual(switchesOf(everythingOn).flags);
  });

  it('only gets stricter without a release', () => {
    expect(() => kill(kill(NO_CHANGES, { to: 'off' }), { to: 'stage2' })).toThrow(/release it first/);
    expect(kill(kill(NO_CHANGES, { to: 'stage2' }), { to: 'off' }).kill.level).toBe('off');
  });

  it('keeps a flag it holds from being set, and names who holds it', () => {
    const down = kill(NO_CHANGES, { to: 'stage1' });
    expect(() => set(down, 'history_pack', true)).toThrow(/held at false: ann switched to stage1/);
    expect(switchesOf(set(down, 'history_pack', false)).flags.history_pack).toBe(false);
  });

  it('set twice, and released twice, is one change', () => {
    const halted = kill(NO_CHANGES, { halt: true });
    expect(decideKill(halted, { halt: true }, ANN)).toBeNull();
    const released = after(halted, decideRelease(halted, ANN));
    expect(released.kill).toMatchObject({ halted: false, level: 'none', by: 'ann' });
    expect(decideRelease(released, ANN)).toBeNull();
  });

  it('no level ever switches anything on', () => {
    for (const level of KILL_LEVELS) {
      const { flags } = switchesOf({ ...NO_CHANGES, kill: { ...NO_CHANGES.kill, level } });
      for (const name of FLAG_NAMES) expect(flags[name], name).toEqual(FLAGS[name].default);
    }
  });
});

describe('what may happen', () => {
  const halted = switchesOf(kill(NO_CHANGES, { halt: true }));
  const free = switchesOf(NO_CHANGES);

  it('while nothing is set: everything', () => {
    expect(whyNoJobs(free)).toBeNull();
    expect(() => allowModelCall(free, 'live')).not.toThrow();
    expect(() => allowExternalWrite(free, 'x')).not.toThrow();
  });

  it('while halted: no new jobs, no model calls, no external writes, and it says who halted and why', () => {
    expect(whyNoJobs(halted)).toMatch(/ann halted everything at .*: a try/);
    expect(() => allowModelCall(halted, 'replay')).toThrow(expect.objectContaining({ name: 'KillSwitchActive', permanent: false }));
    expect(() => allowExternalWrite(halted, 'registry/x')).toThrow(/registry\/x is not written: ann halted/);
  });

  it('while nothing can be read: no new jobs, nothing live, no external writes; a replay asks nobody', () => {
    expect(whyNoJobs(UNREADABLE)).toMatch(/cannot be read/);
    expect(() => allowModelCall(UNREADABLE, 'live')).toThrow(/cannot be read/);
    expect(() => allowModelCall(UNREADABLE, 'record')).toThrow(/cannot be read/);
    expect(() => allowModelCall(UNREADABLE, 'replay')).not.toThrow();
    expect(() => allowExternalWrite(UNREADABLE, 'x')).toThrow(/cannot be read/);
    expect(UNREADABLE.flags.llm_mode).toBe('replay');
  });
});

describe('the state', () => {
  const change = fc.oneof(
    fc.record({ flag: fc.constantFrom('telemetry', 'history_pack', 'doctor_enabled'), value: fc.boolean() }),
    fc.record({ to: fc.constantFrom(...KillTarget.options) }),
    fc.constant({ halt: true } as const),
    fc.constant('release' as const),
  );

  it('folded in parts is the state folded at once, whatever happens in between', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), fc.nat(12), (changes, cut) => {
        const events: JobEvent[] = [];
        let state = NO_CHANGES;
        for (const one of changes) {
          try {
            const draft =
              one === 'release' ? decideRelease(state, ANN) : 'flag' in one ? decideFlag(state, one, ANN) : decideKill(state, one, ANN);
            if (!draft) continue;
            events.push(sealed(state, draft));
            state = after(state, draft);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(Refusal);
          }
        }
        const part = foldFlags(NO_CHANGES, events.slice(0, cut));
        expect(foldFlags(part, events)).toEqual(state);
        expect(FlagState.parse(state)).toEqual(state);
      }),
    );
  });

  it('goes past events that are about something else', () => {
    const link: EventDraft = { event_type: 'LINK_ISSUED', state: 'Control', visit: 1, actor: ANN.actor, outputs: {} };
    expect(after(everythingOn, link)).toEqual({ ...everythingOn, version: everythingOn.version + 1 });
  });

  it('of a build that wrote something else is refused, naming the event', () => {
    const odd: EventDraft = { event_type: 'KILL_SWITCH_SET', state: 'Control', visit: 1, actor: ANN.actor, outputs: { to: 'stage9' } };
    expect(() => after(NO_CHANGES, odd)).toThrow(/event 1 \(KILL_SWITCH_SET\)/);
  });
});
