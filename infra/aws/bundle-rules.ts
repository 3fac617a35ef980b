import { FUNCTIONS, type FunctionName } from '../functions.ts';

const KB = 1000;

/** What may load when a function starts, in bytes: it is read and compiled before the first request is answered. */
const START_LIMITS: Readonly<Partial<Record<FunctionName, number>>> = { web: 500 * KB };
const START_LIMIT = 350 * KB;

export const startLimit = (name: FunctionName): number => START_LIMITS[name] ?? START_LIMIT;

const AGENTS: readonly FunctionName[] = ['intent', 'report', 'stop'];

/** Sources that only some functions use. A function that comes to use one is added here, and its bundle grows. */
const KEPT: readonly { what: string; sources: RegExp; by: readonly FunctionName[] }[] = [
  { what: 'answering requests', sources: /^node_modules\/hono\//, by: ['web', 'telemetry'] },
  { what: 'the pages', sources: /^node_modules\/csv-parse\/|^statemachines\//, by: ['web'] },
  { what: 'sign-in', sources: /^node_modules\/(jose|openid-client|oauth4webapi)\//, by: ['web'] },
  {
    what: 'calls of models',
    // The settings of the environment are read by every function, so that a wrong one stops it.
    sources: /^adapters\/model\/(?!(live-config|network|vendors|keys)\.ts)/,
    by: AGENTS,
  },
  { what: 'keys of providers', sources: /^adapters\/(model\/keys|aws\/provider-keys)\.ts/, by: [...AGENTS, 'smoke'] },
  { what: 'looking at stores and providers', sources: /^adapters\/smoke\//, by: ['smoke'] },
  { what: 'prices of models', sources: /^functions\/lib\/prices\//, by: [...AGENTS, 'checkpoint'] },
  { what: 'made-up answers', sources: /^functions\/lib\/sample\//, by: AGENTS },
  { what: 'sending notifications', sources: /^adapters\/notify\/(?!(config|read-outbox)\.ts)/, by: ['checkpoint', 'reconcile', 'web'] },
  {
    what: 'signed digests',
    sources: /^adapters\/sign\/|^adapters\/aws\/(digest-index|digests|stored-logs)\.ts/,
    by: ['digest', 'web', 'smoke'],
  },
  { what: 'running checks', sources: /^adapters\/runner\/(?!config\.ts)|^node_modules\/aws4fetch\//, by: ['runner'] },
  { what: 'the SDK', sources: /^node_modules\/@(aws-sdk|smithy)\//, by: [] },
];

/** Folders below `functions/` that serve more than one function. */
const COMMON = /^functions\/(lib|stage)\//;

const ownFolder = (name: FunctionName): string => {
  const entry = FUNCTIONS.find((spec) => spec.name === name)?.entry ?? '';
  return entry.slice(0, entry.lastIndexOf('/') + 1);
};

/** Parts of the pages that the other function behind the API has use for as well. */
const BEHIND_THE_API = /^functions\/web\/(http|session)\//;

/** Whether a function has use for a source, as a path of its bundle. */
export const mayCarry = (name: FunctionName, source: string): boolean => {
  if (KEPT.some(({ sources, by }) => sources.test(source) && !by.includes(name))) return false;
  if (name === 'telemetry' && BEHIND_THE_API.test(source)) return true;
  return !source.startsWith('functions/') || COMMON.test(source) || source.startsWith(ownFolder(name));
};

/** What some functions carry and others do not, in words. */
export const carried = (name: FunctionName, sources: readonly string[]): string[] =>
  KEPT.filter((kept) => sources.some((source) => kept.sources.test(source)) && kept.by.includes(name)).map(({ what }) => what);
