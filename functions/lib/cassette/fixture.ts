import * as z from 'zod';
import { asError, UnreadableDocument } from '../../../contracts/errors.ts';
import { Finding } from '../../../contracts/guard.ts';
import { Sha256 } from '../../../contracts/ids.ts';
import { Cassette } from '../../../contracts/llm.ts';
import { json } from '../decode.ts';

/** Provider named by an answer that a person wrote: it bills nothing, does not age and follows no model. */
export const HAND_WRITTEN = 'fixture';

export const isHandWritten = ({ answer }: Pick<Cassette, 'answer'>): boolean => answer.provider === HAND_WRITTEN;

/** A guard finding that a person accepted; its message may be worded anew. */
export const AcceptedFinding = Finding.pick({ rule: true, pointer: true });
export type AcceptedFinding = z.infer<typeof AcceptedFinding>;

/** `fixture_notes_v1`, beside a fixture that needs a word more: absent otherwise. */
export const FixtureNotes = z.strictObject({
  schema_version: z.literal('fixture_notes_v1'),
  /** What the guard says of the answer, and may. */
  accepted_findings: z.array(AcceptedFinding),
  /** Keys it was recorded or kept under before. */
  aliases: z.array(Sha256),
});
export type FixtureNotes = z.infer<typeof FixtureNotes>;

/** A recorded interaction promoted to a fixture, and what its answer must parse to. */
export type Fixture = { agent: string; case: string; cassette: Cassette; expected: unknown; notes: FixtureNotes };

/** Texts of the files of `cassettes/<agent>/<case>/`. */
export type FixtureFiles = { cassette: string; expected: string; notes: string | null };

export const FIXTURE_FILES = { cassette: 'cassette.json', expected: 'expected.json', notes: 'notes.json' } as const;

export const NO_NOTES: FixtureNotes = { schema_version: 'fixture_notes_v1', accepted_findings: [], aliases: [] };

const decode = json(Cassette);
const decodeNotes = json(FixtureNotes);

/** Reads a fixture. Throws `UnreadableDocument` naming agent and case. */
export const decodeFixture = (agent: string, name: string, files: () => FixtureFiles): Fixture => {
  try {
    const { cassette: text, expected, notes } = files();
    const cassette = decode(text);
    if (cassette.match.agent !== agent) throw new UnreadableDocument(`it was recorded for agent "${cassette.match.agent}", not "${agent}"`);
    return { agent, case: name, cassette, expected: JSON.parse(expected), notes: notes === null ? NO_NOTES : decodeNotes(notes) };
  } catch (error) {
    throw new UnreadableDocument(`fixture ${agent}/${name} cannot be read: ${asError(error).message}`, { cause: error });
  }
};

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** The files of a fixture as they are kept: notes only where there is something to note. */
export const encodeFixture = ({ cassette, expected, notes }: Pick<Fixture, 'cassette' | 'expected' | 'notes'>): FixtureFiles => ({
  cassette: pretty(cassette),
  expected: pretty(expected),
  notes: notes.accepted_findings.length + notes.aliases.length === 0 ? null : pretty(notes),
});
