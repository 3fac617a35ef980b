import { setTimeout as delay } from 'node:timers/promises';
import { asError } from '../../contracts/errors.ts';
import type { DeliveryResult } from '../../contracts/notification.ts';
import { isLoopback } from '../model/network.ts';
import type { NotifyConfig } from './config.ts';

export type RetryPolicy = {
  /** Tries in one pass. */
  attempts: number;
  /** Of one try, in ms. */
  timeout_ms: number;
  /** Longest pause before the second try, in ms; it doubles with every further one. */
  base_ms: number;
  /** Longest pause that is waited for, in ms: a receiver that asks for more is tried in a later pass. */
  max_pause_ms: number;
};

/** At most about 30 s in all, less than a claim lasts. */
export const RETRY: RetryPolicy = { attempts: 4, timeout_ms: 5_000, base_ms: 250, max_pause_ms: 4_000 };

export type PostOptions = {
  network: NotifyConfig['network'];
  retry: RetryPolicy;
  /** From 0 to below 1. */
  random: () => number;
};

export type Post = {
  url: string;
  /** Made anew for every try: a signature has a time. */
  headers: () => Record<string, string>;
  body: string;
};

type Try = { ok: true } | { ok: false; final: boolean; reason: string; after_ms: number | null };

/** `Retry-After` in ms, as seconds or as a date. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
export const retryAfter = (value: string | null, now: number): number | null => {
  if (value === null) return null;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
};

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const PASSING = (status: number): boolean => status === 429 || status === 408 || status === 425 || status >= 500;

const judge = ({ status, headers }: Response): Try => {
  if (status >= 200 && status < 300) return { ok: true };
  if (REDIRECTS.has(status)) {
    return {
      ok: false,
      final: true,
      reason: `the receiver answered ${status}: redirects are not followed; set its final address`,
      after_ms: null,
    };
  }
  const after_ms = retryAfter(headers.get('retry-after'), Date.now());
  return { ok: false, final: !PASSING(status), reason: `the receiver answered ${status}`, after_ms };
};

// `fetch failed` says nothing; its cause has the system's code.
const networkReason = (thrown: unknown): string => {
  const error = asError(thrown);
  if (error.name === 'TimeoutError') return 'the receiver did not answer in time';
  const code = error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : error.name;
  return `the receiver could not be reached: ${code}`;
};

const once = async ({ url, headers, body }: Post, timeout_ms: number): Promise<Try> => {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: headers(),
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout_ms),
    });
    // What the receiver says is not read: it could be anything, of any length.
    await response.body?.cancel();
    return judge(response);
  } catch (thrown) {
    return { ok: false, final: false, reason: networkReason(thrown), after_ms: null };
  }
};

/**
 * Posts until the receiver takes it, refuses it, or the tries are used up. Pauses have full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/); `Retry-After` is honoured.
 */
export const post = async (request: Post, { network, retry, random }: PostOptions): Promise<DeliveryResult> => {
  if (network === 'loopback' && !isLoopback(request.url)) {
    return { status: 'failed', final: true, attempts: 0, reason: 'only this machine may be called here; the address leads elsewhere' };
  }
  for (let attempt = 1; ; attempt++) {
    const tried = await once(request, retry.timeout_ms);
    if (tried.ok) return { status: 'sent', attempts: attempt, receipt: null };
    const pause = tried.after_ms ?? random() * retry.base_ms * 2 ** (attempt - 1);
    if (tried.final || attempt >= retry.attempts || pause > retry.max_pause_ms) {
      return { status: 'failed', final: tried.final, attempts: attempt, reason: tried.reason };
    }
    await delay(pause);
  }
};
