import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadedJob } from '../../../contracts/commands.ts';
import type { WebDeps } from '../deps.ts';
import { frame, HEARTBEAT, RETRY } from '../model/sse.ts';

const POLL_MS = 300;
const HEARTBEAT_EVERY = 50;

const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' };

/** Chunks of a held stream: what is there, then what comes, until the job is done. */
async function* follow(deps: WebDeps, { state, events }: LoadedJob, after: number, signal: AbortSignal): AsyncGenerator<string> {
  yield RETRY;
  let fresh = events.filter((event) => event.seq > after);
  let sent = after;
  let done = state.status === 'DONE';
  for (let quiet = 1; ; quiet++) {
    for (const event of fresh) {
      yield frame(event);
      sent = event.seq;
      done = event.event_type === 'DONE';
    }
    if (done) return;
    if (quiet % HEARTBEAT_EVERY === 0) yield HEARTBEAT;
    await sleep(POLL_MS, undefined, { signal, ref: false });
    fresh = (await deps.commands.eventsAfter(state.job_id, sent)) ?? [];
  }
}

const bodyOf = (deps: WebDeps, loaded: LoadedJob, after: number): ReadableStream<Uint8Array> => {
  const gone = new AbortController();
  const chunks = follow(deps, loaded, after, gone.signal);
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { value, done } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      } catch (error) {
        if (!gone.signal.aborted) controller.error(error);
      }
    },
    cancel: () => gone.abort(),
  });
};

/**
 * Events after `after` as server-sent events. 204 tells a client that came back after the end to stay
 * away; without `holdEvents` the answer closes and the client asks again after `retry`.
 */
export const streamEvents = (deps: WebDeps, request: Request, loaded: LoadedJob, after: number): Response => {
  const { state, events } = loaded;
  if (state.status === 'DONE' && after >= state.last_seq) return new Response(null, { status: 204 });
  if (deps.holdEvents && request.method === 'GET') return new Response(bodyOf(deps, loaded, after), { headers: HEADERS });
  return new Response(
    RETRY +
      events
        .filter((event) => event.seq > after)
        .map(frame)
        .join(''),
    { headers: HEADERS },
  );
};
