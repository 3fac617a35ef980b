import { CassetteMiss, type KeyDifference } from '../../contracts/errors.ts';
import type { Cassette, CassetteMatch, ModelAnswer, ModelRequest } from '../../contracts/llm.ts';
import type { Cassettes } from '../../contracts/ports.ts';
import { cassetteKey, type MatchKey } from '../../functions/lib/cassette-key.ts';
import { addCounts, redact } from '../../functions/lib/redaction.ts';
import { nearest } from './nearest.ts';

/** Recordings of one agent that are compared before a miss is reported. */
const COMPARED = 50;
const DIFFERENCES_NAMED = 4;

/** A `ModelPort` that needs to know nothing of who asks. */
export type Replay = { ask(request: ModelRequest): Promise<ModelAnswer> };

type ReplayOptions = { cassettes: Cassettes; secrets?: readonly string[] };

const describe = ({ pointer, asked, recorded }: KeyDifference): string => {
  const name = pointer.slice(1).includes('/') ? pointer : pointer.slice(1);
  return `${name} differs: ${asked === null ? 'nothing' : JSON.stringify(asked)} asked, ${recorded === null ? 'nothing' : JSON.stringify(recorded)} recorded`;
};

const explain = (agent: string, n: number, differs: KeyDifference[] | null): string => {
  if (!differs) return `nothing is recorded for agent "${agent}"`;
  if (differs.length === 0) return `recorded, but not for repeat ${n}`;
  const more = differs.length - DIFFERENCES_NAMED;
  return differs.slice(0, DIFFERENCES_NAMED).map(describe).join('; ') + (more > 0 ? `; and ${more} more` : '');
};

const readRecorded = async (cassettes: Cassettes, agent: string): Promise<Cassette[]> => {
  const listed = (await cassettes.list(agent)).slice(0, COMPARED);
  const read = await Promise.all(listed.map((c) => cassettes.get(c.agent, c.key, c.n)));
  return read.filter((c) => c !== null);
};

const miss = async (cassettes: Cassettes, key: string, match: CassetteMatch, n: number): Promise<CassetteMiss> => {
  const found = nearest(match, await readRecorded(cassettes, match.agent));
  const why = explain(match.agent, n, found?.differs ?? null);
  const message = `no cassette for ${match.agent}/${key.slice(0, 8)}… (${why}); submit with "--simulate-llm" running or in mode record to make one`;
  return new CassetteMiss(message, `${match.agent}/${key}`, found?.differs ?? []);
};

const replayed = (asked: MatchKey, cassette: Cassette, secrets: readonly string[]): ModelAnswer => {
  const { text, ...answer } = cassette.answer;
  // Recorded by an older redactor, or before a secret was known: look again.
  const again = redact(text, { secrets });
  return {
    ...answer,
    text: again.text,
    key: asked.key,
    response_source: 'replay',
    replay_reason: 'mode',
    degraded: false,
    recorded_at: cassette.recorded_at,
    cost_usd: 0,
    latency_ms: 0,
    prompt: asked.prompt,
    redactions: addCounts(asked.redactions, again.counts),
  };
};

/**
 * Answers from recordings only: the network is never touched. Throws `CassetteMiss` naming what differs
 * from the nearest recording.
 */
export const createReplayModel = ({ cassettes, secrets = [] }: ReplayOptions): Replay => ({
  ask: async (request) => {
    const asked = cassetteKey(request, secrets);
    const cassette = await cassettes.get(request.agent, asked.key, request.n);
    if (!cassette) throw await miss(cassettes, asked.key, asked.match, request.n);
    return replayed(asked, cassette, secrets);
  },
});
