import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXTENDED_HISTORY_CAPS, FLAG_NAMES, FLAGS, FlagValues, flagProblem, modeFor, resolveFlags } from './flags.ts';
import { MODES } from './llm.ts';

const { flags: SHIPPED } = resolveFlags({});

describe('flags', () => {
  it('are all off by default', () => {
    for (const name of FLAG_NAMES) {
      const { default: value } = FLAGS[name];
      expect(value === false || value === 0 || value === null || (Array.isArray(value) && value.length === 0), name).toBe(true);
    }
  });

  it('have a default and a safe value that can be set, an owner and a meaning', () => {
    for (const name of FLAG_NAMES) {
      expect(flagProblem(name, FLAGS[name].default)).toBeNull();
      expect(flagProblem(name, FLAGS[name].safe)).toBeNull();
      expect(FLAGS[name].meaning).toMatch(/\.$/);
    }
    expect(Object.keys(FLAGS).sort()).toEqual([...FLAG_NAMES].sort());
  });

  it('stored values hold over defaults', () => {
    const { flags, complaints } = resolveFlags({ telemetry: true, llm_mode: 'record', history_pack_max_tiers: 3 });
    expect(flags).toEqual({ ...SHIPPED, telemetry: true, llm_mode: 'record', history_pack_max_tiers: 3 });
    expect(complaints).toEqual([]);
  });

  it('a value that cannot be read turns its flag off, further than unset does, and is complained about', () => {
    const { flags, complaints } = resolveFlags({
      telemetry: 'yes',
      llm_mode: 'LIVE',
      agent_intent_enabled: 0,
      history_pack_max_tiers: 11,
      x: 1,
    });
    expect(flags).toEqual({ ...SHIPPED, llm_mode: 'replay', agent_intent_enabled: false, history_pack_max_tiers: 0 });
    expect(complaints).toHaveLength(5);
    expect(complaints[0]).toMatch(/^telemetry cannot be "yes": /);
    expect(complaints[4]).toMatch(/^there is no flag "x"; the flags are telemetry, /);
  });

  it('whatever is stored, something that holds comes out', () => {
    const stored = fc.dictionary(fc.oneof(fc.constantFrom(...FLAG_NAMES), fc.string(), fc.constant('__proto__')), fc.anything());
    fc.assert(
      fc.property(stored, (values) => {
        expect(FlagValues.safeParse(resolveFlags(values).flags).success).toBe(true);
      }),
    );
  });

  it.each([
    ['history_pack_max_phases', EXTENDED_HISTORY_CAPS.phases + 1],
    ['history_pack_max_tiers', -1],
    ['embedding_budget', 0.5],
    ['test_runner_repos', ['../etc']],
    ['test_runner_repos', ['owner/..']],
    ['test_runner_repos', ['.']],
    ['test_runner_repos', ['a/b/c']],
    ['test_runner_repos', ['owner/name\n']],
    ['test_runner_repos', 'owner/name'],
    ['doctor_enabled', null],
    ['telemetry', undefined],
    ['toString', true],
  ])('%s cannot be %j', (name, value) => expect(flagProblem(name, value)).not.toBeNull());
});

it.each(['name', 'owner/name', 'owner/.github'])('%s is a repository', (name) =>
  expect(flagProblem('staging_runner_repos', [name])).toBeNull(),
);

describe('the mode of an agent', () => {
  it('is never above what is asked, what llm_mode allows, or replay where its switch is off', () => {
    for (const asked of MODES)
      for (const llm_mode of [...MODES, null])
        for (const agent_intent_enabled of [true, false, null]) {
          const mode = modeFor({ ...SHIPPED, llm_mode, agent_intent_enabled }, 'intent', asked);
          const allowed = [asked, ...(llm_mode ? [llm_mode] : []), ...(agent_intent_enabled === false ? ['replay' as const] : [])];
          expect(MODES.indexOf(mode)).toBe(Math.min(...allowed.map((m) => MODES.indexOf(m))));
        }
  });

  it.each(['doctor', 'toString', '__proto__'])('of an agent without a switch (%s) is that of its job', (agent) => {
    expect(modeFor(SHIPPED, agent, 'live')).toBe('live');
  });
});
