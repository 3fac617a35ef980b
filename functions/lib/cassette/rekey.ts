import type { Cassette } from '../../../contracts/llm.ts';
import { canonicalJson } from '../canonical-json.ts';
import { sha256Hex } from '../hash.ts';
import { addCounts, REDACTOR_VERSION, redact } from '../redaction.ts';
import type { Fixture } from './fixture.ts';
import { outputOf } from './judge.ts';

/** The key that what a recording matches has now. */
export const keyOf = ({ match }: Pick<Cassette, 'match'>): string => sha256Hex(canonicalJson(match));

/** A recording redacted again and filed under its key of today. */
export type Rekeyed = { cassette: Cassette; from: string; changed: boolean; redactions: Record<string, number> };

/**
 * Redacts question and answer again, then hashes: the order of recording, so that the same question asked today finds
 * it. Nothing but the recording is needed.
 */
export const rekey = (cassette: Cassette, secrets: readonly string[] = []): Rekeyed => {
  const messages = cassette.match.messages.map(({ role, content }) => ({ role, ...redact(content, { secrets }) }));
  const answer = redact(cassette.answer.text, { secrets });
  const match = { ...cassette.match, messages: messages.map(({ role, text }) => ({ role, content: text })) };
  const again: Cassette = {
    ...cassette,
    key: keyOf({ match }),
    match,
    answer: { ...cassette.answer, text: answer.text },
    redactor_version: REDACTOR_VERSION,
  };
  return {
    cassette: again,
    from: cassette.key,
    changed: canonicalJson(again) !== canonicalJson(cassette),
    redactions: addCounts(answer.counts, ...messages.map(({ counts }) => counts)),
  };
};

/** A fixture re-keyed: an expected output that was the recorded one stays the recorded one, and the old key is noted. */
export const rekeyFixture = (fixture: Fixture, secrets: readonly string[] = []): Omit<Rekeyed, 'cassette'> & { fixture: Fixture } => {
  const { cassette, from, ...rest } = rekey(fixture.cassette, secrets);
  const { expected, notes } = fixture;
  const asRecorded = canonicalJson(expected) === canonicalJson(outputOf(fixture.cassette));
  const aliases = [...new Set([...notes.aliases, from])].filter((key) => key !== cassette.key);
  return {
    fixture: { ...fixture, cassette, expected: asRecorded ? outputOf(cassette) : expected, notes: { ...notes, aliases } },
    from,
    ...rest,
  };
};
