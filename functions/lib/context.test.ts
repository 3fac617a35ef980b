import { describe, expect, it } from 'vitest';
import type { UnsignedContext } from '../../contracts/context.ts';
import { openContext, signContext } from './context.ts';

const ring = { current: 'k2', keys: { k1: 'a'.repeat(32), k2: 'b'.repeat(32) } };
const content: UnsignedContext = {
  schema_version: 'context_v1',
  job_id: '0123456789ab',
  run_id: 'run-1',
  state: 'Compile',
  last_seq: 3,
  last_hash: 'c'.repeat(64),
  replay_until: 0,
  visits: { Intake: 1 },
  refs: {},
  facts: { kind: 'idea' },
  mode: 'replay',
};
const expected = { run_id: 'run-1', states: ['Compile'] };
const named = (name: string) => expect.objectContaining({ name });

describe('the signed context', () => {
  it('opens in the execution and state it was signed for', () => {
    expect(openContext(ring, signContext(ring, content), expected)).toMatchObject(content);
  });

  it('opens when its key has been retired since', () => {
    expect(openContext(ring, signContext({ ...ring, current: 'k1' }, content), expected).key_id).toBe('k1');
  });

  it.each([
    ['the job', { job_id: 'ffffffffffff' }],
    ['the sequence', { last_seq: 2 }],
    ['a fact', { facts: { kind: 'blueprint' } }],
    ['the state', { state: 'Run' }],
    ['the key id', { key_id: 'k1' }],
  ])('is refused with CONTEXT_SIGNATURE_INVALID when %s was altered', (_, change) => {
    const altered = { ...signContext(ring, content), ...change };
    expect(() => openContext(ring, altered, { ...expected, states: [altered.state] })).toThrow(named('CONTEXT_SIGNATURE_INVALID'));
  });

  it.each([
    ['another execution', { run_id: 'run-2', states: ['Compile'] }],
    ['another state', { run_id: 'run-1', states: ['Run', 'Stop'] }],
  ])('is refused in %s', (_, elsewhere) => {
    expect(() => openContext(ring, signContext(ring, content), elsewhere)).toThrow(named('CONTEXT_SIGNATURE_INVALID'));
  });

  it('is refused when its key is not in the ring', () => {
    const signed = signContext({ current: 'k9', keys: { k9: 'z'.repeat(32) } }, content);
    expect(() => openContext(ring, signed, expected)).toThrow(named('CONTEXT_SIGNATURE_INVALID'));
  });

  it.each([null, 'text', {}, { ...content, signature: 'short', key_id: 'k2' }, { ...content, extra: 1 }])(
    'is MALFORMED_PAYLOAD without its shape (%#)',
    (raw) => {
      expect(() => openContext(ring, raw, expected)).toThrow(named('MALFORMED_PAYLOAD'));
    },
  );
});
