import { ArtifactPath } from '../../contracts/ids.ts';
import { CallAnswered, type CallClosed, type CallStarted } from '../../contracts/llm-journal.ts';
import type { Artifacts, ModelScope } from '../../contracts/ports.ts';
import { canonicalJson } from '../../functions/lib/canonical-json.ts';
import { json } from '../../functions/lib/decode.ts';

/** How many rounds of one call may begin before somebody has to look. */
const MAX_ROUNDS = 100;
const JSON_TYPE = 'application/json';

const decodeAnswer = json(CallAnswered);

export type JournalStore = Pick<Artifacts, 'create' | 'get' | 'list'>;

/** What earlier rounds of the call left. */
export type Before = {
  answer: CallAnswered | null;
  /** Rounds that began. */
  rounds: number;
  /** Some of them left no trace of their end. */
  open: boolean;
};

export type Journal = {
  read(): Promise<Before>;
  /** Claims the next round, against others that retry the same call. */
  begin(
    before: Before,
    entry: (round: number, possibleDoubleCharge: boolean) => CallStarted,
  ): Promise<{ round: number; possible_double_charge: boolean }>;
  /** Keeps an answer, or gives the one that another round kept first. */
  answer(entry: CallAnswered): Promise<CallAnswered>;
  close(entry: CallClosed): Promise<void>;
};

/** `jobs/<job>/outputs/llm/journal/<state>/<visit>/<ordinal>-<key>`: another question under the same number is another call. */
const prefixOf = ({ job_id, state, visit, ordinal }: ModelScope, key: string): string =>
  `jobs/${job_id}/${ArtifactPath.parse(`outputs/llm/journal/${state}/${visit}/${ordinal}-${key.slice(0, 16)}`)}`;

/** What is known of one model call, in files that are created once and never changed. */
export const openJournal = (store: JournalStore, scope: ModelScope, key: string): Journal => {
  const prefix = prefixOf(scope, key);
  const answerKey = `${prefix}.answer.json`;
  const readAnswer = async (): Promise<CallAnswered | null> => {
    const found = await store.get(answerKey);
    return found && decodeAnswer(Buffer.from(found.body).toString('utf8'));
  };
  return {
    read: async () => {
      const keys = (await store.list(`${prefix}.`)).map((file) => file.key);
      const ended = (kind: string) => keys.filter((file) => file.endsWith(`.${kind}.json`)).length;
      const answer = keys.includes(answerKey) ? await readAnswer() : null;
      return { answer, rounds: ended('started'), open: ended('started') > ended('closed') };
    },

    begin: async (before, entry) => {
      for (let round = before.rounds; round < MAX_ROUNDS; round++) {
        // Losing a round means that somebody else is asking right now.
        const possible_double_charge = before.open || round > before.rounds;
        const body = canonicalJson(entry(round, possible_double_charge));
        if (await store.create(`${prefix}.${round}.started.json`, body, JSON_TYPE)) return { round, possible_double_charge };
      }
      throw new Error(`the model call ${prefix} was begun ${MAX_ROUNDS} times; look at its files before trying again`);
    },

    answer: async (entry) => {
      if (await store.create(answerKey, canonicalJson(entry), JSON_TYPE)) return entry;
      return (await readAnswer()) ?? entry;
    },

    close: async (entry) => {
      await store.create(`${prefix}.${entry.round}.closed.json`, canonicalJson(entry), JSON_TYPE);
    },
  };
};
