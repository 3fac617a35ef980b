import { html } from 'hono/html';
import type { Mode } from '../../../contracts/llm.ts';
import { exact, relative, visible } from '../model/text.ts';
import type { Label } from '../model/timeline.ts';
import type { Html } from './layout.ts';

/** Text of people and models: hidden characters shown, direction kept inside. */
export const said = (text: string): Html => html`<bdi>${visible(text)}</bdi>`;

/** A name that may break after its joints, and keeps its words whole while there is room. */
export const soft = (text: string, joint = /(?<=[_/])(?=\w)/): Html =>
  html`${text.split(joint).map((part, i): Html | string => (i === 0 ? part : html`<wbr>${part}`))}`;

/** Relative for reading, exact on hover and in print. */
export const time = (at: string, now: Date): Html =>
  html`<time datetime="${at}" title="${exact(at)}"><span class="rel">${relative(at, now)}</span><span class="exact">${exact(at)}</span></time>`;

const MEANINGS: Record<Label, string> = {
  LIVE: 'answers come from a live model',
  RECORD: 'answers come from a live model and are recorded',
  REPLAY: 'answers come from recordings; no model is called',
  DEGRADED: 'a recorded answer stands in for a provider that failed',
};

export const label = (name: Label): Html => html`<span class="mode mode-${name.toLowerCase()}" title="${MEANINGS[name]}">${name}</span>`;

const OF_MODE: Record<Mode, Label> = { live: 'LIVE', record: 'RECORD', replay: 'REPLAY' };

export const modeLabel = (mode: Mode): Html => label(OF_MODE[mode]);

/** How answers of a job are made: colour and word. */
export const modeLabels = (job: { mode: Mode; degraded: boolean }): Html =>
  html`<span class="modes">${modeLabel(job.mode)}${job.degraded ? html` ${label('DEGRADED')}` : ''}</span>`;

type Standing = { status: string; step: string | null; outcome: string | null };

const TONE: Record<string, string> = { RUNNING: 'run', WAITING_APPROVAL: 'wait', WAITING_HUMAN: 'wait', DONE: 'bad' };

/** Where a job stands, as a word with a mark. */
export const standing = ({ status, step, outcome }: Standing): Html => {
  const tone = outcome === 'succeeded' ? 'good' : (TONE[status] ?? 'run');
  const words: Record<string, string> = {
    RUNNING: 'Running',
    WAITING_APPROVAL: 'Waits for approval',
    WAITING_HUMAN: 'Waits for an answer',
    DONE: `Done: ${(outcome ?? 'unknown').replaceAll('_', ' ')}`,
  };
  return html`<span class="standing ${tone}">${words[status] ?? status}</span>${step === null ? '' : html` <span class="quiet">${step.replaceAll('_', ' ')}</span>`}`;
};

/** A digest short enough to compare by eye, whole on hover and in print. */
export const digest = (value: string): Html =>
  html`<code class="digest" title="${value}"><span class="rel">${value.slice(0, 'sha256:'.length + 12)}</span><span class="exact">${value}</span></code>`;

/** A designed nothing: what it means, and what to do next. */
export const empty = (title: string, body: Html): Html => html`<section class="empty"><h2>${title}</h2>${body}</section>`;

export const notice = (tone: 'good' | 'bad' | 'wait', title: string, body: Html | string): Html =>
  html`<div class="notice ${tone}" role="${tone === 'bad' ? 'alert' : 'status'}"><p><strong>${title}</strong></p>${body}</div>`;
