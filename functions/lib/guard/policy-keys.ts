import type { PolicyBundle } from '../../../contracts/policy-bundle.ts';
import type { GuardContext, Leaf, Subject } from './subject.ts';
import { quote } from './subject.ts';

/** Identity of any document: every bundle has them, and so has every output. */
const NOT_POLICY = new Set(['schema_version', 'id']);
/** Ways to bring a policy along without naming one of its keys. */
const ALSO = ['thresholds', 'policy', 'policy_bundle'];

const membersOf = (value: unknown): string[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, member]) => [key, ...membersOf(member)])
    : [];

/** Every key of a policy bundle, at any depth, but those that any document has. */
export const policyKeysOf = (bundle: PolicyBundle): string[] => [
  ...new Set([...membersOf(bundle).filter((key) => !NOT_POLICY.has(key)), ...ALSO]),
];

/** `commissionBps`, `commission-bps` and `COMMISSION_BPS` are one key. */
const normalize = (key: string): string => key.toLowerCase().replace(/[^a-z0-9]/g, '');

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** A key in quotes before a colon or "=", or a compound key that is given a value. */
const inText = (key: string): RegExp => {
  const name = key.split('_').map(escape).join('[_-]?');
  const quoted = `["'\`]\\s*${name}\\s*\\\\*["'\`]\\s*[:=]`;
  const assigned = `(?<![\\w-])${name}(?![\\w-])["'\`\\\\]*\\s*(?:[:=]|(?:is|of|to|at|as|set to|equals?)\\s)?\\s*[:=]*\\s*["'\`\\\\]*[-+]?\\.?\\d`;
  return new RegExp(key.includes('_') ? `${quoted}|${assigned}` : quoted, 'i');
};

const findIn = (leaf: Leaf, keys: { key: string; pattern: RegExp }[]) => {
  if (leaf.key) {
    const found = keys.find(({ key }) => normalize(key) === normalize(leaf.text));
    return found
      ? [{ pointer: leaf.pointer, message: `"${found.key}" is set by the policy bundle and by nothing else; leave it out` }]
      : [];
  }
  return keys.flatMap(({ key, pattern }) => {
    const match = pattern.exec(leaf.text);
    return match
      ? [{ pointer: leaf.pointer, message: `the text sets "${key}" (${quote(match[0])}), which only the policy bundle may; leave it out` }]
      : [];
  });
};

/** Costs and thresholds set by a model, as members or inside a text. */
export const policyKeys = (subject: Subject, { policyKeys: names }: GuardContext) => {
  const keys = names.map((key) => ({ key, pattern: inText(key) }));
  return subject.leaves.flatMap((leaf) => findIn(leaf, keys));
};
