import type { JobEvent } from '../../../contracts/events.ts';

/** Milliseconds a client waits before it asks again. */
export const RETRY = 'retry: 3000\n\n';
/** Keeps proxies and clients from giving up on a quiet stream. */
export const HEARTBEAT = ': still here\n\n';

/** One event as a server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export const frame = (event: JobEvent): string => `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`;
