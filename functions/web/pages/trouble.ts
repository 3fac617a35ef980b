import { html } from 'hono/html';
import type { ErrorSummary } from '../../../contracts/agent-evidence.ts';
import { failureInWords, outcomeInWords, type ProviderFailure } from '../../lib/agent/attempts.ts';
import { clip } from '../model/text.ts';
import type { Html } from './layout.ts';
import { label, notice, said, time } from './parts.ts';
import type { Failed, Trouble } from './trouble-data.ts';

const MAX_DIFFERENCES = 20;

const hrefOf = (jobId: string, { path }: Failed): string => `/jobs/${jobId}/artifacts/${path}`;

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

const failuresTable = (failures: ProviderFailure[]): Html | string =>
  failures.length === 0
    ? ''
    : html`<div class="scroll" tabindex="0" role="group" aria-label="Attempts"><table><caption>What was tried</caption><thead><tr><th scope="col">Provider</th><th scope="col">Model</th><th scope="col">Failure</th><th scope="col" class="num">Attempts</th></tr></thead>
<tbody>${failures.map((failure) => html`<tr><th scope="row">${said(failure.provider)}</th><td>${said(failure.model)}</td><td>${outcomeInWords(failure)}${failure.message === null ? '' : html`<span class="block quiet">${said(clip(failure.message, 200))}</span>`}</td><td class="num">${failure.attempts}</td></tr>`)}</tbody></table></div>`;

const cell = (text: string | null): Html =>
  text === null ? html`<span class="quiet">nothing</span>` : html`<code>${said(clip(text, 200))}</code>`;

const differences = ({ differs }: ErrorSummary): Html | string =>
  differs.length === 0
    ? ''
    : html`<div class="scroll" tabindex="0" role="group" aria-label="Differences"><table><caption>Where the question differs from the nearest recording</caption><thead><tr><th scope="col">Part of the key</th><th scope="col">Asked</th><th scope="col">Recorded</th></tr></thead>
<tbody>${differs.slice(0, MAX_DIFFERENCES).map(({ pointer, asked, recorded }) => html`<tr><th scope="row"><code>${said(clip(pointer, 120))}</code></th><td>${cell(asked)}</td><td>${cell(recorded)}</td></tr>`)}</tbody></table></div>${differs.length > MAX_DIFFERENCES ? html`<p class="quiet">${differs.length - MAX_DIFFERENCES} more are in the file.</p>` : ''}`;

/** Why no answer came: what was tried, and what the nearest recording lacks. */
export const errorPanel = ({ error }: Trouble, jobId: string): Html | string => {
  if (!error) return '';
  const { summary, failures } = error;
  return html`<article class="card"><header><h2>Error summary</h2><p class="meta">${said(summary.agent)}, visit ${summary.visit} · <a href="${hrefOf(jobId, error)}">Open file</a></p></header>
<p class="prose"><strong>${said(summary.error.name)}</strong> ${said(clip(summary.error.message, 800))}</p>
${failuresTable(failures)}${differences(summary)}</article>`;
};

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
