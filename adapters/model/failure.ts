import * as z from 'zod';
import { asError } from '../../contracts/errors.ts';
import type { FailureKind } from '../../contracts/llm-journal.ts';
import { redact } from '../../functions/lib/redaction.ts';
import { NetworkDisabled } from './network.ts';

/** Why an attempt failed. Everything in it may be stored. */
export type Failure = {
  kind: FailureKind;
  status: number | null;
  message: string;
  /** Whether the same provider may be asked again for this call. */
  retryable: boolean;
  /** How long the provider asks to be left alone, in ms. */
  retry_after_ms: number | null;
  /** Whether the provider may bill for it: it took the request and no refusal came back. */
  billed: boolean;
};

const MAX_MESSAGE = 300;

/** What the provider clients put on their errors; the rest (bodies, headers) is read here and kept nowhere. */
const ApiError = z.object({
  statusCode: z.int().optional(),
  responseHeaders: z.record(z.string(), z.string()).optional(),
  isRetryable: z.boolean().optional(),
});

const QUOTA = /credit balance|insufficient[ _-]?(?:quota|balance|funds)|quota|billing|payment required|余额/i;
// Rate limits speak of billing too, as the way to raise them.
const SPENT = /credit balance|insufficient[ _-]?(?:quota|balance|funds)|exceeded your current quota|余额/i;

/** `retry-after` in seconds or as a date, and `retry-after-ms`. Null for anything else. */
export const retryAfterMs = (headers: Readonly<Record<string, string>>, nowMs: number): number | null => {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN);
  if (Number.isFinite(ms) && ms >= 0) return ms;
  const text = headers['retry-after'];
  if (text === undefined) return null;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const at = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
};

type Class = Pick<Failure, 'kind' | 'retryable' | 'billed'>;
const refusal = (kind: FailureKind, retryable: boolean): Class => ({ kind, retryable, billed: false });

const ofStatus = (status: number, message: string): Class => {
  if (status === 429) return SPENT.test(message) ? refusal('quota', false) : refusal('rate_limited', true);
  if (status === 402 || (status >= 400 && status < 500 && QUOTA.test(message))) return refusal('quota', false);
  if (status === 529) return refusal('overloaded', true);
  if (status === 401 || status === 403) return refusal('auth', false);
  if (status === 408) return refusal('timeout', true);
  if (status >= 500) return refusal('server_error', true);
  if (status >= 300) return refusal('bad_request', false);
  // The provider said 200 and the client could not read what followed.
  return { kind: 'malformed', retryable: false, billed: true };
};

const NETWORK_CODE = /^(?:ECONN|EPIPE|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|ENET|UND_ERR_)/;
const REFUSED_CODE = /^(?:ECONNREFUSED|ENOTFOUND|EAI_|EHOST|ENET|UND_ERR_CONNECT)/;

/** The system's error code, however deep the causes are nested. */
const networkCode = (error: unknown): string | null => {
  let at: unknown = error;
  let unnamed: string | null = null;
  for (let depth = 0; depth < 6 && at instanceof Error; depth++) {
    if ('code' in at && typeof at.code === 'string' && NETWORK_CODE.test(at.code)) return at.code;
    // Some failures of fetch carry no code.
    if (at.message === 'terminated' || at.message === 'fetch failed') unnamed = 'UND_ERR_SOCKET';
    at = at.cause;
  }
  return unnamed;
};

const classify = (error: Error, timedOut: boolean): Class => {
  if (error instanceof NetworkDisabled) return refusal('network_disabled', false);
  if (timedOut) return { kind: 'timeout', retryable: true, billed: true };
  const api = ApiError.safeParse(error).data;
  const code = networkCode(error);
  const status = api?.statusCode;
  if (code !== null && (status === undefined || status < 300))
    return { kind: 'network', retryable: true, billed: !REFUSED_CODE.test(code) };
  if (status !== undefined) return ofStatus(status, error.message);
  return { kind: 'malformed', retryable: false, billed: true };
};

/** Shortens after redacting: half a secret would not be recognised. */
const storable = (message: string, secrets: readonly string[]): string => {
  const { text } = redact(message, { secrets });
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE)}…` : line;
};

type Context = { timedOut: boolean; timeoutMs: number; secrets: readonly string[]; nowMs: number };

/** Reads whatever a provider client threw. */
export const failureOf = (thrown: unknown, { timedOut, timeoutMs, secrets, nowMs }: Context): Failure => {
  const error = asError(thrown);
  const api = ApiError.safeParse(error).data;
  const of = classify(error, timedOut);
  const message = timedOut
    ? `no answer within ${timeoutMs} ms`
    : of.kind === 'malformed'
      ? `the answer could not be read (${error.name})`
      : error.message;
  return {
    ...of,
    status: api?.statusCode ?? null,
    message: storable(message, secrets),
    retry_after_ms: of.retryable ? retryAfterMs(api?.responseHeaders ?? {}, nowMs) : null,
  };
};

/** A failure without a call: the provider was not asked. */
export const notAsked = (kind: FailureKind, message: string): Failure => ({
  ...{ kind, message, status: null, retryable: false, retry_after_ms: null, billed: false },
});
