import * as z from 'zod';
import { type Condition, parseCondition } from './conditions.ts';

/** What a statement names, or, negated, everything but that. */
export type Names = { not: boolean; patterns: readonly string[] };

export type Statement = {
  /** The statement's `Sid`, or its position in the policy. */
  id: string;
  effect: 'Allow' | 'Deny';
  actions: Names;
  resources: Names;
  conditions: readonly Condition[];
};

/** Statements that decide here: of each function's role, and of each bucket's policy, by short and by full name. */
export type Policies = {
  functions: Readonly<Record<string, readonly Statement[]>>;
  buckets: Readonly<Record<string, readonly Statement[]>>;
};

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const texts = z.union([text.transform((one) => [one]), z.array(text)]);

/** One policy document, all of its references resolved. */
export const PolicyDocument = z.strictObject({
  Version: z.literal('2012-10-17'),
  Statement: z.array(
    z.strictObject({
      Sid: z.string().optional(),
      Effect: z.enum(['Allow', 'Deny']),
      Principal: z.union([z.literal('*'), z.strictObject({ AWS: texts.optional(), Service: texts.optional() })]).optional(),
      Action: texts.optional(),
      NotAction: texts.optional(),
      Resource: texts.optional(),
      NotResource: texts.optional(),
      Condition: z.record(z.string(), z.record(z.string(), texts)).optional(),
    }),
  ),
});
export type PolicyDocument = z.infer<typeof PolicyDocument>;
type Raw = PolicyDocument['Statement'][number];

const named = (what: string, plain: string[] | undefined, not: string[] | undefined): Names => {
  const patterns = plain ?? not;
  if (!patterns || (plain && not)) throw new Error(`it must have either ${what} or Not${what}`);
  const variable = patterns.find((pattern) => /\$\{/.test(pattern));
  if (variable) throw new Error(`${what} "${variable}" has a policy variable, which the local cloud does not evaluate`);
  return { not: plain === undefined, patterns };
};

/** Everyone, or nobody who could call here: services of AWS. */
const concernsCallers = (principal: Raw['Principal']): boolean => {
  if (principal === undefined || principal === '*') return true;
  const { AWS: accounts = [] } = principal;
  const other = accounts.find((name) => name !== '*');
  if (other) throw new Error(`principal "${other}" is not evaluated by the local cloud, which knows "*" and services`);
  return accounts.length > 0;
};

const statementOf = (raw: Raw, position: number): Statement[] => {
  const id = raw.Sid ?? `statement ${position + 1}`;
  try {
    if (!concernsCallers(raw.Principal)) return [];
    const conditions = Object.entries(raw.Condition ?? {}).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => parseCondition(operator, key, values)),
    );
    const actions = named('Action', raw.Action, raw.NotAction);
    return [{ id, effect: raw.Effect, actions, resources: named('Resource', raw.Resource, raw.NotResource), conditions }];
  } catch (error) {
    throw new Error(`policy statement "${id}" cannot be enforced here: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
};

/**
 * The statements of one or more policy documents.
 * @throws Error naming what this cloud cannot evaluate; nothing is skipped
 */
export const readPolicy = (documents: readonly unknown[]): Statement[] =>
  documents.flatMap((document) => PolicyDocument.parse(document).Statement).flatMap(statementOf);
