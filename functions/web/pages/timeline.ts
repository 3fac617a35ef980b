import { html } from 'hono/html';
import type { JobEvent } from '../../../contracts/events.ts';
import { messageInWords } from '../../lib/agent/failure-words.ts';
import { clip } from '../model/text.ts';
import { type Entry, entryOf } from '../model/timeline.ts';
import type { Html } from './layout.ts';
import { digest, label, time } from './parts.ts';

const SHOWN = 40;
const SHORT = 240;
const LONG = 600;

const message = (text: string, seq: number): Html =>
  text.length <= SHORT
    ? html`<p class="said"><bdi>${text}</bdi></p>`
    : html`<details class="said" id="m${seq}"><summary><bdi>${clip(text, SHORT)}</bdi></summary><p><bdi>${clip(text, LONG)}</bdi></p></details>`;

const notes = (entry: Entry): Html | string =>
  entry.notes.length === 0
    ? ''
    : html`<p class="notes">${entry.notes.map((note) => html`<span><span class="quiet">${note.label}</span> <bdi>${messageInWords(note.text)}</bdi></span> `)}</p>`;

const files = (entry: Entry, jobId: string): Html | string =>
  entry.files.length === 0
    ? ''
    : html`<p class="files">${entry.files.map((file) => html`<a href="/ui/jobs/${jobId}/artifacts/${file.path}" title="${file.path}">${file.name}</a> `)}</p>`;

const item = (entry: Entry, jobId: string, now: Date): Html => html`<li id="e${entry.seq}"${entry.tone ? html` class="${entry.tone}"` : ''}>
<p class="what"><strong>${entry.title}</strong>${entry.step ? html` <span class="quiet">${entry.step.replaceAll('_', ' ')}</span>` : ''}${entry.labels.map((name) => html` ${label(name)}`)}</p>
<p class="meta">${time(entry.at, now)} · <bdi>${entry.by}</bdi>${entry.identity ? html` (${entry.identity})` : ''}${entry.channel ? html` via ${entry.channel}` : ''}${entry.digest ? html` · ${entry.regard} ${digest(entry.digest)}` : ''}</p>
${entry.message === null || entry.message === '' ? '' : message(messageInWords(entry.message), entry.seq)}${notes(entry)}${files(entry, jobId)}</li>`;

/** An event without what the page says above, or the event before it said: the end repeats the error that led to it. */
const unrepeated = (event: JobEvent, told: string | null, before: JobEvent | undefined): JobEvent => {
  const { message } = event;
  const { detail, ...outputs } = event.outputs;
  const known = [told, before?.message ?? null, before?.outputs['detail'] ?? null].filter((text) => text !== null);
  return {
    ...event,
    message: event.event_type === 'DONE' && message !== null && known.includes(message) ? null : message,
    outputs: detail === undefined || detail === told || detail === message ? outputs : event.outputs,
  };
};

export type TimelineOptions = { all: boolean; told: string | null };

/**
 * What happened, newest last. Long histories show their end; the rest is a click away.
 * @param options.told a message that the page says in full elsewhere
 */
export const timeline = (jobId: string, events: JobEvent[], now: Date, { all, told }: TimelineOptions): Html => {
  const shown = all ? events : events.slice(-SHOWN);
  const hidden = events.length - shown.length;
  const before = (seq: number) => events[seq - 2];
  return html`<section class="panel" id="timeline" data-live aria-labelledby="timeline-h"><h2 id="timeline-h">Timeline</h2>
${hidden > 0 ? html`<p><a href="/ui/jobs/${jobId}?all=1#timeline">Show ${hidden} earlier events</a></p>` : ''}
<ol class="timeline"${hidden > 0 ? html` start="${hidden + 1}"` : ''}>${shown.map((event) => item(entryOf(unrepeated(event, told, before(event.seq))), jobId, now))}</ol>
<p class="quiet"><a href="/ui/jobs/${jobId}/events">Events as JSON</a> · <a href="/ui/jobs/${jobId}/verify">Verify the log</a></p></section>`;
};
