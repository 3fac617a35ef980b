import { beforeAll, describe, expect, it } from 'vitest';
import { verifyChain } from '../../functions/lib/event.ts';
import { crashAndContinue, type Ended, runUndisturbed } from '../support/crash.ts';
import { sample } from '../support/specs.ts';

const SPEC = sample('idea-trend', { run: 7 });
let undisturbed: Ended;

beforeAll(async () => {
  undisturbed = await runUndisturbed(SPEC);
});

/** More than the job makes: the last ones find nothing to break and must end like the rest. */
const CHANGES = 75;
const POINTS = Array.from({ length: CHANGES }, (_, i) => [i + 1, 'before' as const] as const).flatMap(([n, when]) => [
  [n, when] as const,
  [n, 'after' as const] as const,
]);

describe('kill -9 at every change a job makes', () => {
  it.each(POINTS)('change %i (%s): the job ends once, with the same events and the same bytes', { timeout: 120_000 }, async (nth, when) => {
    const { answer, artifacts } = await crashAndContinue(SPEC, nth, when);
    expect(answer.events.map((event) => event.event_type)).toEqual(undisturbed.answer.events.map((event) => event.event_type));
    expect(verifyChain(answer.events).problems).toEqual([]);
    expect(artifacts).toEqual(undisturbed.artifacts);
  });
});
