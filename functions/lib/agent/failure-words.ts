import { FAILURE_KINDS, type FailureKind } from '../../../contracts/llm-journal.ts';

const OWN: Partial<Record<FailureKind, string>> = {
  cooling_down: 'left out after repeated failures',
  no_key: 'no key',
  network_disabled: 'network switched off',
  out_of_time: 'no time left',
};

/** `rate_limited` → `rate limited`. */
export const kindInWords = (kind: string): string => Object.entries(OWN).find(([name]) => name === kind)?.[1] ?? kind.replaceAll('_', ' ');

const NAMES = new RegExp(`(?<=: )(?:${FAILURE_KINDS.filter((kind) => kind.includes('_')).join('|')})(?=[ ,;)]|$)`, 'g');

/** A failure's message with the kinds of failure in it as words. */
export const messageInWords = (message: string): string => message.replace(NAMES, kindInWords);

/** True for the message of a call that every provider failed, as opposed to one that only lacks a recording. */
export const isOutage = (message: string): boolean => message.startsWith('no provider answered ');
