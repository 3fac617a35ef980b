import type { Cassette } from '../../../contracts/llm.ts';
import { canonicalJson } from '../canonical-json.ts';
import { sha256Hex } from '../hash.ts';
import { REDACTOR_VERSION } from '../redaction.ts';
import { RECORDED_AGENTS, type RecordedAgent } from './agents.ts';
import { isHandWritten } from './fixture.ts';
import { keyOf, rekey } from './rekey.ts';

/** Why a recording is due for another look; the first that applies names its state. */
export const STALE = ['version_mismatch', 'redactor_outdated', 'model_drift', 'expired', 'unused'] as const;
export type Stale = (typeof STALE)[number];
export type Staleness = 'fresh' | Stale;

/** What recordings are held against. */
export type Expectation = {
  now: Date;
  maxAgeDays: number;
  /** Models that answer today; null: the one that answered last for the same agent and alias. */
  models: readonly string[] | null;
  /** `<agent>/<key>` of recordings that were asked for; null when nobody counted. */
  used: ReadonlySet<string> | null;
  agents?: Readonly<Record<string, RecordedAgent>>;
};

export type Checked = { name: string; cassette: Cassette; state: Staleness; reasons: { state: Stale; reason: string }[] };
export type Named = { name: string; cassette: Cassette };

const DAY_MS = 86_400_000;

const versions = ({ cassette }: Named, { agents = RECORDED_AGENTS }: Expectation): string[] => {
  const { match, key } = cassette;
  const agent = Object.hasOwn(agents, match.agent) ? agents[match.agent] : undefined;
  const misfiled = key === keyOf(cassette) ? [] : ['its key is not the digest of what it matches; re-key it'];
  if (!agent) return [...misfiled, `this build has no agent "${match.agent}"`];
  const parts = ['model_alias', 'prompt_version', 'output_schema_version'] as const;
  const differing = parts.filter((part) => match[part] !== agent[part]).map((part) => `${part} is ${match[part]}, now ${agent[part]}`);
  const same = match.output_schema_sha256 === sha256Hex(canonicalJson(agent.output_schema));
  return [...misfiled, ...differing, ...(same ? [] : ['the output schema has changed'])];
};

const redactor = ({ cassette }: Named): string[] => {
  const { redactions } = rekey(cassette);
  const found = Object.entries(redactions).map(([rule, n]) => `redacting again removes ${n} × ${rule}`);
  const old = cassette.redactor_version === REDACTOR_VERSION ? [] : [`redacted by ${cassette.redactor_version}, now ${REDACTOR_VERSION}`];
  return [...old, ...found];
};

/** Model of the latest recording by agent and alias. */
const latestModels = (all: readonly Named[]): Map<string, Cassette> => {
  const latest = new Map<string, Cassette>();
  for (const { cassette } of all.filter((one) => !isHandWritten(one.cassette))) {
    const role = `${cassette.match.agent}/${cassette.match.model_alias}`;
    const before = latest.get(role);
    if (!before || before.recorded_at < cassette.recorded_at) latest.set(role, cassette);
  }
  return latest;
};

const drift = ({ cassette }: Named, { models }: Expectation, latest: Map<string, Cassette>): string[] => {
  const { answer, match } = cassette;
  if (isHandWritten(cassette)) return [];
  if (models) return models.includes(answer.model) ? [] : [`answered by ${answer.model}, now ${models.join(' or ')}`];
  const newest = latest.get(`${match.agent}/${match.model_alias}`)?.answer.model ?? answer.model;
  return newest === answer.model ? [] : [`answered by ${answer.model}; ${newest} answers since`];
};

const age = ({ cassette }: Named, { now, maxAgeDays }: Expectation): string[] => {
  if (isHandWritten(cassette)) return [];
  const days = Math.floor((now.getTime() - Date.parse(cassette.recorded_at)) / DAY_MS);
  return days > maxAgeDays ? [`recorded ${days} days ago; at most ${maxAgeDays} are allowed`] : [];
};

const unused = (one: Named, { used }: Expectation, first: Map<string, string>): string[] => {
  const { match, key, n } = one.cassette;
  const shadow = first.get(`${match.agent}/${key}.${n}`);
  if (shadow !== undefined && shadow !== one.name) return [`${shadow} answers the same question`];
  return used && !used.has(`${match.agent}/${key}`) ? ['no job that was looked at asked for it'] : [];
};

/** The state of every recording, with all that speaks against it. Names must be unique. */
export const checkStaleness = (all: readonly Named[], expectation: Expectation): Checked[] => {
  const latest = latestModels(all);
  const first = new Map<string, string>();
  for (const { name, cassette } of all) {
    const question = `${cassette.match.agent}/${cassette.key}.${cassette.n}`;
    if (!first.has(question)) first.set(question, name);
  }
  return all.map((one) => {
    const against: Record<Stale, string[]> = {
      version_mismatch: versions(one, expectation),
      redactor_outdated: redactor(one),
      model_drift: drift(one, expectation, latest),
      expired: age(one, expectation),
      unused: unused(one, expectation, first),
    };
    const reasons = STALE.flatMap((state) => against[state].map((reason) => ({ state, reason })));
    return { ...one, state: reasons[0]?.state ?? 'fresh', reasons };
  });
};
