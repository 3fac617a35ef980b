import type * as z from 'zod';
import { PROBLEMS, Problem, type ProblemCode } from '../contracts/http.ts';
import { CliError, EXIT, exitOfStatus, interrupted, usage } from './exit.ts';
import { clean } from './text.ts';

export type Method = 'GET' | 'POST' | 'PUT';
export type Call = {
  /** Sent as is when text, as JSON otherwise. */
  body?: unknown;
  contentType?: string;
  accept?: string;
  /** Default 30 s. */
  timeoutMs?: number;
};
export type Answer<T> = { status: number; body: T };

export type Api = {
  /** Absolute address of a path or link of the server. */
  url(path: string): string;
  /** @throws CliError whose exit code follows the status */
  call<T>(method: Method, path: string, schema: z.ZodType<T>, call?: Call): Promise<Answer<T>>;
  /** An open answer, for streams. @throws CliError */
  open(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response>;
  /** Looks the address up again: a local cloud may come back on another port. */
  rediscover(): Promise<void>;
};

export type ApiOptions = {
  base: string;
  find: () => Promise<string>;
  user: string | undefined;
  token: string | null;
  /** When the sign-in kept for this server ran out, if it did. */
  ended?: string | null;
  version: string;
  signal: AbortSignal;
};

const TIMEOUT_MS = 30_000;

const NEXT: Partial<Record<ProblemCode, string>> = {
  NOT_FOUND: 'list jobs with "holdpoint jobs"',
  NOT_WAITING: 'see what the job is doing with "holdpoint status JOB"',
  STALE_SUBJECT: 'look at the new evidence, then decide again',
  DECISION_CONFLICT: 'see who decided with "holdpoint timeline JOB"',
  SELF_APPROVAL: 'ask another approver',
  KILL_SWITCH: 'the kill switch is set; an operator has to release it with "holdpoint kill --release"',
  TOO_MANY_REQUESTS: 'try again in a moment',
  UNAUTHENTICATED: 'run "holdpoint login", or set HOLDPOINT_TOKEN',
};

/** A path with the parameters that were given. */
export const withQuery = (path: string, parameters: Record<string, string | number | undefined>): string => {
  const given = Object.entries(parameters).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return given.length > 0 ? `${path}?${new URLSearchParams(given).toString()}` : path;
};

export const isLoopback = (base: string): boolean => /^(127(\.\d+){3}|localhost|\[::1\])$/.test(new URL(base).hostname);

const headersOf = ({ user, token, version, base }: ApiOptions & { base: string }): Record<string, string> => {
  if (token !== null && !base.startsWith('https:') && !isLoopback(base)) {
    throw usage(`HOLDPOINT_TOKEN is not sent over plain http to ${base}`, 'use an https:// address, or unset HOLDPOINT_TOKEN');
  }
  return {
    'user-agent': `holdpoint-cli/${version}`,
    ...(user === undefined ? {} : { 'x-holdpoint-user': Buffer.from(user, 'utf8').toString('latin1') }),
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
};

const causeOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
};

const unreachable = (base: string, error: unknown): CliError => {
  const late = error instanceof Error && error.name === 'TimeoutError';
  return new CliError('UNREACHABLE', EXIT.unavailable, `no answer from ${base} (${late ? 'timed out' : clean(causeOf(error))})`, {
    next: 'see whether it runs there; start a local cloud with "holdpoint up", or name another server with --endpoint URL',
    cause: error,
  });
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** The error a refused call means to the user. */
const refused = (status: number, text: string, url: string, ended: string | null = null): CliError => {
  if (status === 401 && ended !== null) {
    return new CliError('UNAUTHENTICATED', EXIT.forbidden, `your sign-in at ${new URL(url).origin} ended at ${ended}`, {
      next: 'run "holdpoint login"',
    });
  }
  const json = parseJson(text);
  const problem = Problem.safeParse(json);
  if (problem.success) {
    const { code, detail, title } = problem.data;
    const job = /\/jobs\/([0-9a-f]{12})/.exec(url)?.[1] ?? 'JOB';
    const next = NEXT[code]?.replace('JOB', job);
    const details = typeof json === 'object' && json !== null ? { ...json } : {};
    const exit = code === 'KILL_SWITCH' ? EXIT.unavailable : exitOfStatus(status);
    return new CliError(code, exit, clean(detail || title), { details, ...(next === undefined ? {} : { next }) });
  }
  // 502 to 504 without a problem document are of what stands before the server, which says nothing about the kill switch.
  const known = Problem.shape.code.options.find((code) => status < 502 && PROBLEMS[code] === status);
  const otherwise = status < 502 ? 'see whether the address is that of a Holdpoint server' : 'try again in a moment';
  const said = clean(text).slice(0, 200);
  return new CliError(known ?? 'UNEXPECTED_ANSWER', exitOfStatus(status), `${url} answered ${status}${said ? `: ${said}` : ''}`, {
    next: (known && NEXT[known]) ?? otherwise,
    details: { status, ...(json === undefined ? {} : { answer: json }) },
  });
};

const unreadable = (url: string, why: string): CliError =>
  new CliError('UNEXPECTED_ANSWER', EXIT.unavailable, `${url} answered something this version does not read (${why})`, {
    next: 'see whether the address is that of a Holdpoint server of the same version',
  });

const send = async (base: string, path: string, init: RequestInit, interrupt: AbortSignal): Promise<Response> => {
  try {
    return await fetch(base + path, { ...init, redirect: 'error' });
  } catch (error) {
    if (interrupt.aborted) throw interrupted();
    throw unreachable(base, error);
  }
};

/** The server as the verbs see it. */
export const createApi = (options: ApiOptions): Api => {
  let base = options.base;
  const headers = () => headersOf({ ...options, base });
  return {
    url: (path) => (/^https?:\/\//.test(path) ? path : base + path),
    async call(method, path, schema, { body, contentType = 'application/json', accept = 'application/json', timeoutMs = TIMEOUT_MS } = {}) {
      const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)]);
      const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
      const content = body === undefined ? {} : { 'content-type': contentType };
      const response = await send(base, path, { method, headers: { ...headers(), accept, ...content }, ...sent, signal }, options.signal);
      const text = await response.text().catch((error: unknown) => {
        throw options.signal.aborted ? interrupted() : unreachable(base, error);
      });
      if (!response.ok) throw refused(response.status, text, base + path, options.ended);
      const parsed = schema.safeParse(parseJson(text));
      const issue = parsed.error?.issues[0];
      if (!parsed.success) throw unreadable(base + path, `${issue?.path.join('.') || 'body'}: ${issue?.message}`);
      return { status: response.status, body: parsed.data };
    },
    async open(path, more, signal) {
      const response = await send(base, path, { headers: { ...headers(), ...more }, signal }, options.signal);
      if (!response.ok) throw refused(response.status, await response.text().catch(() => ''), base + path, options.ended);
      return response;
    },
    async rediscover() {
      base = await options.find().catch(() => base);
    },
  };
};
