import { html } from 'hono/html';
import type { ApprovalView } from '../../../contracts/http.ts';
import { JobStatus } from '../../../contracts/job-state.ts';
import type { JobRecord, Page } from '../../../contracts/ports.ts';
import { ApprovalStep, STEPS } from '../../../contracts/steps.ts';
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

const question = (step: string): string => {
  const known = ApprovalStep.safeParse(step);
  return known.success ? STEPS[known.data].question : step;
};

/** What waits, oldest first. */
export const approvalList = (approvals: ApprovalView[], next: string | null, now: Date): Html => html`<h1>Approvals</h1>
${
  approvals.length === 0
    ? empty('Nothing waits for a signature', html`<p>Jobs that run are under <a href="/ui/jobs?status=RUNNING">running</a>.</p>`)
    : html`<ol class="waits">${approvals.map(
        (a) => html`<li><a href="/ui/jobs/${a.job_id}#decision"><strong>${question(a.step)}</strong></a><p>${said(clip(a.title, 120))}</p>
<p class="meta">${a.step.replaceAll('_', ' ')} · asked ${time(a.opened_at, now)} · expires ${time(a.expires_at, now)}${a.quorum > 1 ? html` · ${a.votes} of ${a.quorum} votes` : ''}</p></li>`,
      )}</ol>`
}${more('/ui/approvals', {}, next)}`;

const MAX_CASSETTES = 200;

/** Recorded answers, by agent. */
export const cassetteList = (
  list: { agent: string; key: string; n: number }[],
  agents: string[],
  agent: string | undefined,
): Html => html`<h1>Cassettes</h1>
<p class="prose quiet">Recorded model answers. A job in replay mode takes the one whose key fits its question exactly.</p>
${agents.length < 2 ? '' : html`<p class="tabs"><a href="/ui/cassettes"${agent === undefined ? html` aria-current="true"` : ''}>All</a> ${agents.map((name) => html`<a href="/ui/cassettes?agent=${name}"${agent === name ? html` aria-current="true"` : ''}>${name}</a> `)}</p>`}
${
  list.length === 0
    ? empty('No recorded answers', html`<p>Submit a job in <code>record</code> mode to make one.</p>`)
    : html`<div class="scroll" tabindex="0" role="group" aria-label="Cassettes"><table><thead><tr><th scope="col">Agent</th><th scope="col">Key</th><th scope="col" class="num">Repeat</th></tr></thead>
<tbody>${list.slice(0, MAX_CASSETTES).map(({ agent: name, key, n }) => html`<tr><th scope="row">${name}</th><td><code title="${key}">${key.slice(0, 16)}</code></td><td class="num">${n}</td></tr>`)}</tbody></table></div>`
}${list.length > MAX_CASSETTES ? html`<p class="quiet">${list.length - MAX_CASSETTES} more: <a href="/cassettes">all as JSON</a>.</p>` : ''}`;
