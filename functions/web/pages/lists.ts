import { html } from 'hono/html';
import { JobStatus } from '../../../contracts/job-state.ts';
import type { Cassette } from '../../../contracts/llm.ts';
import type { JobRecord, Page } from '../../../contracts/ports.ts';
import { clip } from '../model/text.ts';
import type { Html } from './layout.ts';
import { empty, modeLabels, said, standing, time } from './parts.ts';

const SUBMIT = 'npm run holdpoint -- submit docs/examples/idea-trend.json';

const more = (path: string, query: Record<string, string>, next: string | null): Html | string =>
  next === null ? '' : html`<p class="more"><a href="${path}?${new URLSearchParams({ ...query, cursor: next })}" rel="next">Older</a></p>`;

const filter = (query: { status?: string; q?: string }): Html => html`<form class="filter" method="get" action="/ui/jobs" role="search">
<label for="q">Title</label><input id="q" type="search" name="q" value="${query.q ?? ''}" maxlength="200">
<label for="status">Status</label><select id="status" name="status"><option value="">Any</option>${JobStatus.options.map((status) => html`<option value="${status}"${query.status === status ? html` selected` : ''}>${status.toLowerCase().replaceAll('_', ' ')}</option>`)}</select>
<button type="submit">Filter</button></form>`;

const jobRow = (
  row: JobRecord,
  now: Date,
): Html => html`<tr><th scope="row"><a href="/ui/jobs/${row.job_id}">${said(clip(row.title, 120))}</a><span class="meta block"><code>${row.job_id}</code> by ${said(row.submitted_by)}</span></th>
<td>${standing(row)}<span class="block under">${modeLabels(row)}</span></td><td class="wide num">${time(row.updated_at, now)}</td></tr>`;

/** Jobs, newest first. */
export const jobList = (list: Page<JobRecord>, query: Record<string, string>, now: Date): Html => {
  const filtered = query.q !== undefined || query.status !== undefined;
  const nothing = filtered
    ? empty('No job fits', html`<p>Change the filter, or see <a href="/ui/jobs">all jobs</a>.</p>`)
    : empty('No jobs yet', html`<p>Submit the sample:</p><pre tabindex="0">${SUBMIT}</pre>`);
  return html`<h1>Jobs</h1>${filter(query)}
${
  list.items.length === 0
    ? nothing
    : html`<div class="scroll" tabindex="0" role="group" aria-label="Jobs"><table class="list"><thead><tr><th scope="col">Job</th><th scope="col">State and answers</th><th scope="col" class="wide num">Changed</th></tr></thead><tbody>${list.items.map((row) => jobRow(row, now))}</tbody></table></div>`
}${more('/ui/jobs', query, list.next_cursor)}`;
};

/** Recordings that are read for one page. */
export const MAX_CASSETTES = 100;

type Recorded = { agent: string; key: string; n: number; cassette: Cassette | null };
export type CassettePage = { shown: Recorded[]; total: number; agents: string[]; agent: string | undefined; now: Date };

const recordedRow = ({ agent, key, n, cassette }: Recorded, now: Date): Html => html`<tr><th scope="row">${agent}</th>
<td><a href="/ui/cassettes/${agent}/${key}/${n}"><code title="${key}">${key.slice(0, 12)}</code></a></td><td class="num">${n}</td>
${cassette === null ? html`<td colspan="2" class="quiet">gone, or not readable</td>` : html`<td>${said(clip(`${cassette.answer.provider}/${cassette.answer.model}`, 100))}</td><td>${time(cassette.recorded_at, now)}</td>`}</tr>`;

/** Recorded answers, by agent: what each is, not whether it still fits. */
export const cassetteList = ({ shown, total, agents, agent, now }: CassettePage): Html => html`<h1>Cassettes</h1>
<p class="prose quiet">Recorded model answers. A job in replay mode takes the one whose key fits its question exactly.</p>
${agents.length < 2 ? '' : html`<p class="tabs"><a href="/ui/cassettes"${agent === undefined ? html` aria-current="true"` : ''}>All</a> ${agents.map((name) => html`<a href="/ui/cassettes?agent=${name}"${agent === name ? html` aria-current="true"` : ''}>${name}</a> `)}</p>`}
${
  shown.length === 0
    ? empty('No recorded answers', html`<p>Submit a job in <code>record</code> mode to make one.</p>`)
    : html`<div class="scroll" tabindex="0" role="group" aria-label="Cassettes"><table><thead><tr><th scope="col">Agent</th><th scope="col">Key</th><th scope="col" class="num">Repeat</th><th scope="col">Provider and model</th><th scope="col">Recorded</th></tr></thead>
<tbody>${shown.map((row) => recordedRow(row, now))}</tbody></table></div>`
}${total > shown.length ? html`<p class="quiet">${total - shown.length} more: <code>holdpoint cassette list</code> names them all.</p>` : ''}`;
