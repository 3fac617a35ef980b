import { describe, expect, test } from 'vitest';
import { capabilityOf } from './capability.ts';
import { formToken, isFormToken } from './form-token.ts';

const RING = { current: 'k2', keys: { k1: '1'.repeat(64), k2: '2'.repeat(64) } };
const PLACE = { job_id: 'aaaaaaaaaaaa', state: 'HoldBlueprint', visit: 1 };
const linkOf = (approver: string): string => capabilityOf(RING, PLACE, { approver, key_id: 'k2', issue: 0 }) ?? '';
const DIGEST = `sha256:${'d'.repeat(64)}`;

describe('a form token', () => {
  const token = formToken(RING, linkOf('ann'), DIGEST);

  test('vouches for its link and its evidence, and for nothing else', () => {
    expect(isFormToken(RING, token, linkOf('ann'), DIGEST)).toBe(true);
    expect(isFormToken(RING, token, linkOf('bob'), DIGEST)).toBe(false);
    expect(isFormToken(RING, token, linkOf('ann'), `sha256:${'e'.repeat(64)}`)).toBe(false);
    for (const bad of ['', 'x', token.slice(1), `${token}A`, linkOf('ann')])
      expect(isFormToken(RING, bad, linkOf('ann'), DIGEST)).toBe(false);
  });

  test('outlives the rotation of its key, until the key leaves the ring', () => {
    const old = formToken({ ...RING, current: 'k1' }, linkOf('ann'), DIGEST);
    expect(isFormToken(RING, old, linkOf('ann'), DIGEST)).toBe(true);
    expect(isFormToken({ current: 'k2', keys: { k2: '2'.repeat(64) } }, old, linkOf('ann'), DIGEST)).toBe(false);
  });

  test('is not the link it vouches for', () => {
    expect(token).not.toBe(linkOf('ann'));
  });
});
