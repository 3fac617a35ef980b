import { html } from 'hono/html';
import type { ErrorSummary } from '../../../contracts/agent-evidence.ts';
import { failureInWords, type ProviderFailure } from '../../lib/agent/attempts.ts';
import { kindInWords, messageInWords } from '../../lib/agent/failure-words.ts';
import { clip, figure } from '../model/text.ts';
import type { Html } from './layout.ts';
import { label, notice, said, time } from './parts.ts';
import type { Failed, Trouble } from './trouble-data.ts';

const MAX_DIFFERENCES = 20;

const hrefOf = (jobId: string, { path }: Failed): string => `/ui/jobs/${jobId}/artifacts/${path}`;

const failedList = (failures: ProviderFailure[]): Html =>
  html`${failures.map((failure) => html`<span class="block">${said(failureInWords(failure))}</span>`)}`;

const standIn = (one: Trouble['standIns'][number], jobId: string, now: Date): Html => {
  const { summary, labels, failures } = one;
  return html`<dl class="fields"><div><dt>Agent</dt><dd>${said(summary.agent)}, visit ${summary.visit}</dd></div>
${labels?.recorded_at ? html`<div><dt>Recorded</dt><dd>${time(labels.recorded_at, now)} from ${said(`${labels.provider}/${labels.model}`)}</dd></div>` : ''}
<div class="long"><dt>Why</dt><dd><code>replay_reason=${labels?.replay_reason ?? 'provider_error'}</code> · <a href="${hrefOf(jobId, one)}">Error summary</a></dd></div>
${failures.length === 0 ? '' : html`<div class="long"><dt>Failed</dt><dd>${failedList(failures)}</dd></div>`}</dl>`;
};

/** Which answers are recordings that stand in for a provider, since when, and for whom. */
export const standInPanel = ({ standIns }: Trouble, jobId: string, now: Date): Html =>
  standIns.length === 0
    ? html`<section id="degraded" data-live></section>`
    : html`<section class="stand-in" id="degraded" data-live aria-labelledby="degraded-h"><p>${label('DEGRADED')}</p><h2 id="degraded-h">A recorded answer stands in for a provider that failed</h2>${standIns.map((one) => standIn(one, jobId, now))}</section>`;

const field = (name: string, value: Html | string, long = false): Html =>
  html`<div${long ? html` class="long"` : ''}><dt>${name}</dt><dd>${value}</dd></div>`;

// Lists, not tables: names, messages and digests are long, and a phone is narrow.
const failuresPart = (failures: ProviderFailure[]): Html | string =>
  failures.length === 0
    ? ''
    : html`<section class="part"><h3>What was tried</h3><ol class="tried">${failures.map((failure) => html`<li><dl class="fields">${field('Provider', said(failure.provider))}${field('Model', said(failure.model))}${field('Attempts', failure.attempts === 0 ? 'none' : figure(failure.attempts))}${field('Failure', html`${kindInWords(failure.outcome)}${failure.status === null ? '' : ` (${failure.status})`}${failure.message === null ? '' : html`<span class="block quiet">${said(clip(failure.message, 200))}</span>`}`, true)}</dl></li>`)}</ol></section>`;

const cell = (text: string | null): Html =>
  text === null ? html`<span class="quiet">nothing</span>` : html`<code>${said(clip(text, 200))}</code>`;

const differences = ({ differs }: ErrorSummary): Html | string =>
  differs.length === 0
    ? ''
    : html`<section class="part"><h3>Where the question differs from the nearest recording</h3><ol class="tried">${differs.slice(0, MAX_DIFFERENCES).map(({ pointer, asked, recorded }) => html`<li><dl class="fields">${field('Part of the key', html`<code>${said(clip(pointer, 120))}</code>`, true)}${field('Asked', cell(asked), true)}${field('Recorded', cell(recorded), true)}</dl></li>`)}</ol>${differs.length > MAX_DIFFERENCES ? html`<p class="quiet">${differs.length - MAX_DIFFERENCES} more are in the file.</p>` : ''}</section>`;

/** Why no answer came: what was tried, and what the nearest recording lacks. */
export const errorPanel = ({ error }: Trouble, jobId: string): Html | string => {
  if (!error) return '';
  const { summary, failures } = error;
  return html`<article class="card"><header><h2>Error summary</h2><p class="meta">${said(summary.agent)}, visit ${summary.visit} · <a href="${hrefOf(jobId, error)}">Open file</a></p></header>
<p class="prose"><strong>${said(summary.error.name)}</strong> ${said(clip(messageInWords(summary.error.message), 800))}</p>
${failuresPart(failures)}${differences(summary)}</article>`;
};

/** What to do about a job that stopped for want of an answer: an outage passes, a recording must be made. */
export const stoppedAdvice = ({ error }: Trouble, jobId: string): Html =>
  error !== null && error.failures.length > 0
    ? html`<p>No provider answered and no recorded answer fits. Wait until one is back and redrive the job, below or with <code>holdpoint redrive ${jobId}</code>; or configure another provider and submit again.</p>`
    : html`<p>No recorded answer fits this question. Record one, or submit again with a simulated model.</p>`;

/** Calls that needed another try or another provider. */
const recoveredNotice = ({ recovered }: Trouble, jobId: string): Html | string =>
  recovered.length === 0
    ? ''
    : notice(
        'wait',
        'A provider failed, and a later attempt answered',
        html`${recovered.map((one) => html`<p>${said(one.summary.agent)}, visit ${one.summary.visit}: <a href="${hrefOf(jobId, one)}">error summary</a>${failedList(one.failures)}</p>`)}`,
      );

const doubleCharge = ({ error, standIns, recovered }: Trouble): Html | string =>
  [...(error ? [error] : []), ...standIns, ...recovered].some(({ summary }) => summary.possible_double_charge)
    ? notice(
        'wait',
        'A model call may have been charged twice',
        html`<p>It was cut off between the provider’s answer and the record of it, and was made again. The first reservation stays booked; compare with the provider’s bill.</p>`,
      )
    : '';

/** What else to know about model calls that did not go as they should. */
export const troubleNotices = (trouble: Trouble, jobId: string): Html =>
  html`<section class="panel" id="trouble" data-live>${recoveredNotice(trouble, jobId)}${doubleCharge(trouble)}</section>`;
