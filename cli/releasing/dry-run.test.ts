import { describe, expect, it } from 'vitest';
import { FLAGS, FlagName } from '../../contracts/flags.ts';
import { HELD, type KillLevel } from '../../contracts/switches.ts';
import { waysBack } from './dry-run.ts';

const view = (on: readonly string[], level: KillLevel = 'none') => ({
  flags: FlagName.options.map((name) => {
    const set = on.includes(name);
    const held = Object.hasOwn(HELD[level], name);
    return {
      ...{ name, type: FLAGS[name].type, default: FLAGS[name].default, owner: FLAGS[name].owner, meaning: '', held_by_kill_switch: held },
      ...{ value: held ? HELD[level][name] : set || FLAGS[name].default, set_to: set ? true : null },
      ...{ changed_by: set ? 'ops' : null, changed_at: set ? '2026-01-05T09:00:00.000Z' : null, reason: null },
    };
  }),
  kill: { halted: false, level, by: level === 'none' ? null : 'ops', reason: null, at: null },
  complaints: [],
});
const ways = (...args: Parameters<typeof view>) => Object.fromEntries(waysBack(view(...args)).map((way) => [way.way, way]));
const EVERYTHING = ['telemetry', 'history_pack', 'document_substitution', 'extended_contexts'];

describe('ways back', () => {
  it('name what each would change from what holds now', () => {
    const found = ways(EVERYTHING);
    expect(found['kill --to stage2']?.changes).toEqual(['extended_contexts: true → false']);
    expect(found['kill --to stage1']?.changes).toHaveLength(3);
    expect(found['kill --to off']?.changes).toContain('telemetry: true → false');
    expect(found['rollback of stage 3 (extended contexts) to stage 1']?.changes.toSorted()).toEqual([
      'document_substitution: true → false',
      'extended_contexts: true → false',
      'history_pack: true → false',
    ]);
  });

  it('of stage 1 lead to what was set before it', () => {
    const way = 'rollback of stage 1 (telemetry) to what was set before';
    expect(ways([])[way]?.changes).toEqual(['telemetry: true → false']);
    expect(ways(['telemetry'])[way]?.changes).toEqual([]);
  });

  it('that would loosen the kill switch are refused, with the reason', () => {
    const found = ways(EVERYTHING, 'off');
    expect(found['kill --to stage2']?.refused).toContain('the kill switch is at off already');
    expect(found['kill --to off']).toMatchObject({ changes: [], refused: null });
  });
});
