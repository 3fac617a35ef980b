import { createHash } from 'node:crypto';
import { html } from 'hono/html';
import type { Approval, JobState } from '../../../contracts/job-state.ts';
import type { WebDeps } from '../deps.ts';
import { type Change, diffJson } from '../model/diff.ts';
import { prune } from '../model/prune.ts';
import { cellOf, readable } from '../model/readable.ts';
import { excerpt, heading, visible } from '../model/text.ts';
import type { Html } from './layout.ts';
import { ownForm } from './live-plan.ts';
import { digest, notice } from './parts.ts';
import { blocks } from './readable.ts';

/** One signed file, as it is now. `intact` is false when it is gone or not what the log names. */
export type Evidence = {
  name: string;
  href: string | null;
  sha256: string;
  text: string | null;
  intact: boolean;
  /** Against the file of the same name when this step was asked before; null for the first time. */
  changes: Change[] | null;
};

const RAW_CHARS = 4000;
/** One card is read by a person: the rest is in the file. */
const ROOM = { values: 800, chars: 40_000 };
const MAX_CHANGES = 30;

const parsed = (text: string | null): unknown => {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
};

const read = async (deps: WebDeps, subject: Approval['subject'][number]): Promise<{ text: string | null; intact: boolean }> => {
  const object = await deps.artifacts.get(subject.key);
  if (!object) return { text: null, intact: false };
  const intact = createHash('sha256').update(object.body).digest('hex') === subject.sha256;
  return { text: new TextDecoder().decode(object.body), intact };
};

const previousOpening = (state: JobState, approval: Approval): Approval | undefined =>
  state.approvals.findLast(
    (a) => a.step === approval.step && a.state === approval.state && a.visit < approval.visit && a.subject.length > 0,
  );

/** The files an approval covers, checked against the digests in the log. */
export const loadEvidence = async (deps: WebDeps, state: JobState, approval: Approval): Promise<Evidence[]> => {
  const before = previousOpening(state, approval);
  const prefix = `jobs/${state.job_id}/`;
  return Promise.all(
    approval.subject.map(async (subject): Promise<Evidence> => {
      const { text, intact } = await read(deps, subject);
      const old = before?.subject.find((s) => s.name === subject.name);
      const changes = old ? diffJson(parsed((await read(deps, old)).text), parsed(text)) : null;
      const href = subject.key.startsWith(prefix) ? `/ui/jobs/${state.job_id}/artifacts/${subject.key.slice(prefix.length)}` : null;
      return { name: subject.name, href, sha256: subject.sha256, text, intact, changes };
    }),
  );
};

const changed = (changes: Change[] | null): Html | string => {
  if (changes === null) return '';
  if (changes.length === 0) return html`<p class="quiet">Same as when it was asked before.</p>`;
  return html`<details class="changes" open><summary>${changes.length} ${changes.length === 1 ? 'value' : 'values'} changed since it was asked before</summary>
<div class="scroll" tabindex="0" role="group" aria-label="Changes"><table><thead><tr><th scope="col">Where</th><th scope="col">Was</th><th scope="col">Is</th></tr></thead>
<tbody>${changes.slice(0, MAX_CHANGES).map(({ pointer, before, after }) => html`<tr><th scope="row"><code>${visible(pointer)}</code></th><td><del>${cellOf(before).text}</del></td><td><ins>${cellOf(after).text}</ins></td></tr>`)}</tbody></table></div></details>`;
};

const content = (evidence: Evidence, folded: boolean): Html => {
  const value = parsed(evidence.text);
  if (evidence.text === null) return html``;
  if (folded) return html`<details id="folded-${evidence.name}"><summary>Whole file</summary>${content(evidence, false)}</details>`;
  if (typeof value !== 'object' || value === null) return html`<pre tabindex="0">${excerpt(evidence.text, RAW_CHARS)}</pre>`;
  const raw = JSON.stringify(value, null, 1);
  return html`${ownForm(evidence.name, value) ?? blocks(readable(prune(value, ROOM).value))}<details id="raw-${evidence.name}"><summary>JSON</summary><pre tabindex="0">${excerpt(raw, RAW_CHARS)}</pre></details>`;
};

/** A warning where a file is not what the log names. */
export const broken = (evidence: Evidence): Html | string =>
  evidence.intact
    ? ''
    : notice(
        'bad',
        evidence.text === null ? 'This file is gone' : 'This file is not the one in the log',
        html`<p>The log names ${digest(`sha256:${evidence.sha256}`)}. Do not sign; ask operations to restore it, then reload.</p>`,
      );

/** One card per signed file; what is shown above already is `folded`. */
export const evidenceCards = (list: Evidence[], folded: (name: string) => boolean = () => false): Html =>
  html`${list.map(
    (
      evidence,
    ) => html`<article class="card"><header><h3>${heading(evidence.name)}</h3><p class="meta">${digest(`sha256:${evidence.sha256}`)}${evidence.href ? html` · <a href="${evidence.href}">Open file</a>` : ''}</p></header>
${broken(evidence)}${changed(evidence.changes)}${content(evidence, folded(evidence.name))}</article>`,
  )}`;
