import { matches, matchesArn } from './match.ts';

/** What a request says about itself: values by condition key, in lower case. A key that is not there was not part of the request. */
export type Context = Readonly<Record<string, readonly string[]>>;

export type Condition = {
  operator: string;
  /** Of keys with several values: whether all or any of them must fit. */
  quantifier: 'all' | 'any';
  /** Holds also where the request lacks the key. */
  ifExists: boolean;
  /** Lower case. */
  key: string;
  values: readonly string[];
};

/**
 * Keys this cloud can tell the value of, or knows never to be part of a request to it. A policy that asks for
 * another one would be judged by guesswork.
 */
const KEYS = new Set([
  // The local endpoint speaks plain HTTP to itself only: it counts as TLS 1.3.
  'aws:securetransport',
  's3:tlsversion',
  's3:prefix',
  's3:if-none-match',
  's3:objectcreationoperation',
  'states:statemachinequalifier',
  'dynamodb:leadingkeys',
  // Set where an AWS service acts for somebody; nobody does here.
  'aws:sourcearn',
  'aws:sourceaccount',
  'aws:calledvia',
]);

type Test = (wanted: string, given: string) => boolean;

const sameText: Test = (wanted, given) => wanted === given;
const sameLetters: Test = (wanted, given) => wanted.toLowerCase() === given.toLowerCase();
const number =
  (compare: (given: number, wanted: number) => boolean): Test =>
  (wanted, given) =>
    compare(Number(given), Number(wanted));

const POSITIVE: Readonly<Record<string, Test>> = {
  StringEquals: sameText,
  StringEqualsIgnoreCase: sameLetters,
  StringLike: matches,
  ArnEquals: matchesArn,
  ArnLike: matchesArn,
  Bool: sameLetters,
  NumericEquals: number((given, wanted) => given === wanted),
  NumericLessThan: number((given, wanted) => given < wanted),
  NumericLessThanEquals: number((given, wanted) => given <= wanted),
  NumericGreaterThan: number((given, wanted) => given > wanted),
  NumericGreaterThanEquals: number((given, wanted) => given >= wanted),
};

const NEGATED: Readonly<Record<string, Test>> = {
  StringNotEquals: sameText,
  StringNotEqualsIgnoreCase: sameLetters,
  StringNotLike: matches,
  ArnNotEquals: matchesArn,
  ArnNotLike: matchesArn,
  NumericNotEquals: number((given, wanted) => given === wanted),
};

const OPERATOR = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/;

/** @throws Error naming an operator or key that is not evaluated here: ignoring it would grant or refuse at random */
export const parseCondition = (name: string, key: string, values: readonly string[]): Condition => {
  const [, quantifier, operator = '', ifExists] = OPERATOR.exec(name) ?? [];
  const known = operator === 'Null' ? !ifExists : Object.hasOwn(POSITIVE, operator) || Object.hasOwn(NEGATED, operator);
  if (!known) throw new Error(`condition operator "${name}" is not evaluated by the local cloud; add it to infra/local/iam/conditions.ts`);
  if (!KEYS.has(key.toLowerCase())) {
    throw new Error(
      `condition key "${key}" is not evaluated by the local cloud; add it to infra/local/iam/conditions.ts, and its value to requests`,
    );
  }
  return {
    operator,
    quantifier: quantifier === 'ForAllValues' ? 'all' : 'any',
    ifExists: ifExists !== undefined,
    key: key.toLowerCase(),
    values,
  };
};

/** As AWS evaluates one condition (IAM user guide, "Condition operators" and "Multivalued context keys"). */
export const holds = ({ operator, quantifier, ifExists, key, values }: Condition, context: Context): boolean => {
  const given = context[key] ?? [];
  if (operator === 'Null') return values.includes(String(given.length === 0));
  const positive = POSITIVE[operator];
  const test = positive ?? NEGATED[operator];
  if (!test) throw new Error(`condition operator "${operator}" was not checked when its policy was read`);
  // What is not there is nothing: no value equals it, and all of its values do.
  if (given.length === 0) return ifExists || quantifier === 'all' || !positive;
  const fits = (value: string) => values.some((wanted) => test(wanted, value)) === Boolean(positive);
  return quantifier === 'all' ? given.every(fits) : given.some(fits);
};
