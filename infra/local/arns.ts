import { ACCOUNT, REGION } from './settings.ts';

const PREFIX = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:holdpoint-local-`;

/** ARN of a function, or of one of its versions. */
export const functionArn = (name: string, version?: number): string => `${PREFIX}${name}${version === undefined ? '' : `:${version}`}`;

/** The function an ARN names, and the version where it names one; null for any other ARN. */
export const parseFunctionArn = (arn: string): { name: string; version: number | null } | null => {
  const [, name, version] = /^([a-z][a-z0-9-]*)(?::([1-9]\d{0,8}))?$/.exec(arn.startsWith(PREFIX) ? arn.slice(PREFIX.length) : '') ?? [];
  return name === undefined ? null : { name, version: version === undefined ? null : Number(version) };
};
