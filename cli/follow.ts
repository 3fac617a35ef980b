import type { Api } from './api.ts';
import { CliError, EXIT } from './exit.ts';
import { parseSse } from './sse.ts';
import { Events, EventView } from './views.ts';

export type Update = { event: EventView } | { link: 'lost'; why: string } | { link: 'back' };

export type FollowOptions = {
  after: number;
  signal: AbortSignal;
  now: () => number;
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
};

const POLL_MS = 1000;
const FIRST_BACKOFF_MS = 250;
const LAST_BACKOFF_MS = 5000;
/** A server that is away for longer is reported, not waited for. */
const GIVE_UP_MS = 60_000;
const MAX_RETRY_MS = 10_000;

const isTransient = (error: unknown): error is CliError =>
  error instanceof CliError && (error.exit === EXIT.unavailable || error.exit === EXIT.deferred);

const brokeOff = (error: unknown): CliError =>
  new CliError('UNREACHABLE', EXIT.unavailable, `the event stream broke off (${error instanceof Error ? error.message : String(error)})`, {
    next: 'see whether the server runs, then watch again',
    cause: error,
  });

/** The server cannot stream here, though it knows the job. */
class NoStream extends Error {}

const parseEvent = (data: string): EventView | null => {
  try {
    return EventView.safeParse(JSON.parse(data)).data ?? null;
  } catch {
    return null;
  }
};

const openStream = async (api: Api, jobId: string, after: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> => {
  const headers = { accept: 'text/event-stream', 'last-event-id': String(after) };
  const response = await api.open(`/jobs/${jobId}/events/stream`, headers, signal).catch((error: unknown) => {
    if (error instanceof CliError && error.exit === EXIT.notFound) throw new NoStream();
    if (error instanceof CliError && [405, 501].includes(Number(error.details['status']))) throw new NoStream();
    throw error;
  });
  if (response.body !== null && response.headers.get('content-type')?.startsWith('text/event-stream')) return response.body;
  await response.body?.cancel();
  throw new NoStream();
};

/** What one connection, or one poll, says. `pause` is how long to wait before the next. */
type Said = { opened: true } | { event: EventView } | { pause: number };

async function* readStream(api: Api, jobId: string, after: number, signal: AbortSignal): AsyncGenerator<Said> {
  const body = await openStream(api, jobId, after, signal);
  yield { opened: true };
  try {
    for await (const message of parseSse(body)) {
      if (message.retry !== null) yield { pause: Math.min(message.retry, MAX_RETRY_MS) };
      const event = message.data === '' ? null : parseEvent(message.data);
      if (event !== null) yield { event };
    }
  } catch (error) {
    throw brokeOff(error);
  }
}

async function* poll(api: Api, jobId: string, after: number): AsyncGenerator<Said> {
  const { body } = await api.call('GET', `/jobs/${jobId}/events?after=${after}`, Events);
  yield { opened: true };
  for (const event of body.events) yield { event };
}

/** Counts tries while the server is away. */
type Outage = { since: number; failures: number };

const backoff = ({ failures }: Outage): number => Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures - 1, 8));

/**
 * Events of a job after `after`, as they come, each once and in order, until the signal fires. Survives
 * a restart of the server; where it cannot stream, it is asked once a second.
 * @throws CliError when the server refuses, or stays away for a minute
 */
export async function* follow(api: Api, jobId: string, options: FollowOptions): AsyncGenerator<Update> {
  const { signal, now, sleep } = options;
  let after = options.after;
  let streams = true;
  let pause = POLL_MS;
  let outage: Outage | null = null;
  while (!signal.aborted) {
    try {
      for await (const said of streams ? readStream(api, jobId, after, signal) : poll(api, jobId, after)) {
        if ('pause' in said) pause = said.pause;
        if ('opened' in said && outage !== null) {
          outage = null;
          yield { link: 'back' };
        }
        if (!('event' in said) || said.event.seq <= after) continue;
        after = said.event.seq;
        yield { event: said.event };
      }
      await sleep(pause, signal);
    } catch (error) {
      if (signal.aborted) return;
      streams = streams && !(error instanceof NoStream);
      if (error instanceof NoStream) continue;
      if (!isTransient(error)) throw error;
      const lost: Outage = outage ?? { since: now(), failures: 0 };
      if (lost.failures === 0) yield { link: 'lost', why: error.message };
      if (now() - lost.since > GIVE_UP_MS) throw error;
      outage = { ...lost, failures: lost.failures + 1 };
      await sleep(backoff(outage), signal);
      await api.rediscover();
    }
  }
}
