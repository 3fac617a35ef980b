import type { LoadedJob } from '../../../contracts/commands.ts';
import type { Arrivals, WebDeps } from '../deps.ts';
import { frame, HEARTBEAT, RETRY } from '../model/sse.ts';

const HEARTBEAT_MS = 15_000;

const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' };

/** Chunks of a held stream: what is there, then what comes, until the job is done. */
async function* follow(
  deps: WebDeps,
  arrivals: Arrivals,
  { state, events }: LoadedJob,
  { after, signal }: { after: number; signal: AbortSignal },
): AsyncGenerator<string> {
  yield RETRY;
  let sent = after;
  let done = state.status === 'DONE';
  for (let fresh = events.filter((event) => event.seq > after); ; ) {
    for (const event of fresh) {
      yield frame(event);
      sent = event.seq;
      done = event.event_type === 'DONE';
    }
    if (done) return;
    const { newest, next } = await arrivals.wait(state.job_id, sent, AbortSignal.any([signal, AbortSignal.timeout(HEARTBEAT_MS)]));
    if (signal.aborted) return;
    if (newest <= sent) yield HEARTBEAT;
    fresh = next ? [next] : newest > sent ? ((await deps.commands.eventsAfter(state.job_id, sent, newest)) ?? []) : [];
    // What arrived and is not there any more is not waited for again.
    sent = Math.max(sent, newest);
  }
}

const bodyOf = (deps: WebDeps, arrivals: Arrivals, loaded: LoadedJob, after: number): ReadableStream<Uint8Array> => {
  const gone = new AbortController();
  const chunks = follow(deps, arrivals, loaded, { after, signal: gone.signal });
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
 * away; where nothing tells of arrivals the answer closes and the client asks again after `retry`.
 */
export const streamEvents = (deps: WebDeps, request: Request, loaded: LoadedJob, after: number): Response => {
  const { state, events } = loaded;
  if (state.status === 'DONE' && after >= state.last_seq) return new Response(null, { status: 204 });
  const { arrivals } = deps;
  if (arrivals && request.method === 'GET') return new Response(bodyOf(deps, arrivals, loaded, after), { headers: HEADERS });
  return new Response(
    RETRY +
      events
        .filter((event) => event.seq > after)
        .map(frame)
        .join(''),
    { headers: HEADERS },
  );
};
