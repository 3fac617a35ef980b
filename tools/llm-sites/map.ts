import { FLAG_NAMES } from '../../contracts/flags.ts';
import type { CallSite, CallSites, Junction } from '../../functions/lib/llm-sites/map.ts';
import { FUNCTIONS } from '../../infra/functions.ts';
import { type DeclaredSite, JUNCTIONS, SITES } from './declared.ts';
import { findPlaces, findProfiles, findSideRoads, type Place, type Profile } from './find.ts';
import { type Machines, readsBehind, statesOf } from './machines.ts';
import { idOf, reachFrom } from './reach.ts';
import { keyName, nodesOf, type Tree } from './source.ts';

export type Declared = { sites: readonly DeclaredSite[]; junctions: readonly Junction[] };
export type Mapped = { map: CallSites; problems: string[] };

type Entry = { name: string; reached: ReadonlyMap<string, readonly string[]> };

const GUARD = 'functions/lib/guard/guard.ts#guard';
const WHERE = 'tools/llm-sites/declared.ts';

const placeId = ({ file, symbol }: Place): string => idOf({ file, name: symbol });

const flagOf = (agent: string): string | null =>
  FLAG_NAMES.find((name) => name === `agent_${agent}_enabled` || name === `${agent}_enabled`) ?? null;

/** Whether a stage on the way declares that only a live answer will do. */
const requiresLive = (tree: Tree, way: readonly string[]): boolean =>
  way.some((id) => {
    const [file = '', name = ''] = id.split('#');
    return (tree.get(file)?.declarations.get(name) ?? []).some((declared) =>
      [...nodesOf(declared)].some(
        ({ node }) =>
          node.type === 'Property' &&
          keyName(node.key, node.computed) === 'requireLive' &&
          node.value.type === 'Literal' &&
          node.value.value === true,
      ),
    );
  });

const siteOf = (tree: Tree, machines: Machines, declared: DeclaredSite, { symbol, file, ...profile }: Profile, entry: Entry): CallSite => {
  const { places, downgrade, agent, role, judged_by, output } = declared;
  const asks_at = places.filter((place) => entry.reached.has(place));
  const way = [...(entry.reached.get(asks_at.at(0) ?? '') ?? [])];
  const states = statesOf(machines, entry.name);
  const require_live = requiresLive(tree, way);
  const { model_alias, prompt_version, output_schema_version, max_output_tokens } = profile;
  return {
    ...{ agent, role, function: entry.name, states, asks_at, way },
    profile: { at: idOf({ file, name: symbol }), model_alias, prompt_version, output_schema_version, max_output_tokens },
    flag: flagOf(agent),
    require_live,
    downgrade: require_live ? 'none: only a live answer will do, so the job stops' : downgrade,
    guard: entry.reached.has(GUARD),
    ...{ judged_by, output },
    read_by_control: states.flatMap((state) => readsBehind(machines, state)),
  };
};

const entriesOf = (tree: Tree): Entry[] =>
  FUNCTIONS.map(({ name, entry }) => ({ name, reached: reachFrom(tree, { file: entry, name: 'create' }) }));

const undeclared = (places: readonly Place[], { sites, junctions }: Declared): string[] => {
  const known = new Set([...sites.flatMap((site) => site.places), ...junctions.map(({ at }) => at)]);
  const strange = places.filter((place) => !known.has(placeId(place)));
  const found = new Set(places.map(placeId));
  return [
    ...strange.map((place) => `${placeId(place)} ${place.how} a model, and ${WHERE} does not say what for; declare it there`),
    ...[...known].filter((id) => !found.has(id)).map((id) => `${WHERE} names ${id}, which asks no model any more; remove it there`),
  ];
};

/** What a function reaches must be an agent that is asked there, and nothing else. */
const unexplained = (entries: readonly Entry[], profiles: readonly Profile[], sites: readonly CallSite[], declared: Declared): string[] => {
  const inner = new Set(declared.sites.flatMap(({ places }) => places));
  const reachedSomewhere = entries.flatMap(({ name, reached }) =>
    [...inner]
      .filter((place) => reached.has(place) && !sites.some((site) => site.function === name && site.asks_at.includes(place)))
      .map((place) => `function ${name} reaches ${place}, but no agent that is declared there; name the agent in ${WHERE}`),
  );
  const agents = new Set(declared.sites.map(({ agent }) => agent));
  return [
    ...reachedSomewhere,
    ...profiles.filter(({ agent }) => !agents.has(agent)).map(({ agent }) => `agent ${agent} has a profile and stands not in ${WHERE}`),
    ...declared.sites
      .filter(({ agent }) => !sites.some((site) => site.agent === agent))
      .map(({ agent }) => `${WHERE} has agent ${agent}, which no function asks`),
    ...sites.filter(({ role }) => role === 'control').map(({ agent }) => `agent ${agent} would control a job; no model may`),
  ];
};

/** The map of every model call, from modules and state machines, and what is wrong with it. */
export const mapCallSites = (tree: Tree, machines: Machines, declared: Declared = { sites: SITES, junctions: JUNCTIONS }): Mapped => {
  const entries = entriesOf(tree);
  const profiles = findProfiles(tree);
  const sites = declared.sites.flatMap((site) =>
    entries.flatMap((entry) =>
      profiles
        .filter(({ agent, file, symbol }) => agent === site.agent && entry.reached.has(idOf({ file, name: symbol })))
        .filter(() => site.places.some((place) => entry.reached.has(place)))
        .map((profile) => siteOf(tree, machines, site, profile, entry)),
    ),
  );
  return {
    map: { schema_version: 'llm_call_sites_v1', sites, junctions: [...declared.junctions] },
    problems: [
      ...undeclared(findPlaces(tree), declared),
      ...unexplained(entries, profiles, sites, declared),
      ...findSideRoads(tree).map((road) => `${road}: providers are called by adapters/model only`),
    ],
  };
};
