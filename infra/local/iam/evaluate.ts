import { type Context, holds } from './conditions.ts';
import { matches } from './match.ts';
import type { Names, Policies, Statement } from './policy.ts';

/** Who a request is from, told by its access key. People and scripts with keys of their own administer this cloud. */
export type Caller = { is: 'function'; name: string } | { is: 'administrator' } | { is: 'anonymous' };

/** One thing a request asks permission for; many requests ask for one, some for several. */
export type Call = { action: string; resource: string; context: Context };

/** An allowed call names every statement that grants it. A refused one says why, as AWS does. */
export type Verdict = { allowed: true; by: readonly Statement[] } | { allowed: false; because: string };

const lower = (text: string): string => text.toLowerCase();

const covers = ({ not, patterns }: Names, fits: (pattern: string) => boolean): boolean => patterns.some(fits) !== not;

export const matchesAction = (pattern: string, action: string): boolean => matches(lower(pattern), lower(action));

const applies =
  ({ action, resource, context }: Call) =>
  ({ actions, resources, conditions }: Statement): boolean =>
    covers(actions, (pattern) => matchesAction(pattern, action)) &&
    covers(resources, (pattern) => matches(pattern, resource)) &&
    conditions.every((condition) => holds(condition, context));

/** `arn:aws:s3:::bucket/key` → `bucket`. */
const bucketOf = (resource: string): string => /^arn:aws:s3:::([^/]+)/.exec(resource)?.[1] ?? '';

const EVERYTHING: Statement = {
  id: 'Administrator',
  effect: 'Allow',
  actions: { not: false, patterns: ['*'] },
  resources: { not: false, patterns: ['*'] },
  conditions: [],
};

const identityOf = (policies: Policies, caller: Caller): readonly Statement[] => {
  if (caller.is === 'administrator') return [EVERYTHING];
  const own = caller.is === 'function' && Object.hasOwn(policies.functions, caller.name) ? policies.functions[caller.name] : undefined;
  return own ?? [];
};

/**
 * Evaluates a call as AWS does within one account: what either policy denies is refused, what either allows is
 * granted, everything else is refused (IAM user guide, "Policy evaluation logic").
 */
export const decide = (policies: Policies, caller: Caller, call: Call): Verdict => {
  const identity = identityOf(policies, caller).filter(applies(call));
  const bucket = bucketOf(call.resource);
  const resource = (Object.hasOwn(policies.buckets, bucket) ? (policies.buckets[bucket] ?? []) : []).filter(applies(call));
  const denies = ({ effect }: Statement) => effect === 'Deny';
  const denial = identity.find(denies) ?? resource.find(denies);
  if (denial) {
    const where = identity.includes(denial) ? 'an identity-based policy' : 'a resource-based policy';
    return { allowed: false, because: `with an explicit deny in ${where} (statement ${denial.id})` };
  }
  const by = [...identity, ...resource];
  return by.length > 0
    ? { allowed: true, by }
    : { allowed: false, because: `because no identity-based policy allows the ${call.action} action` };
};
