import { html } from 'hono/html';
import { UnreadableDocument } from '../../../../contracts/errors.ts';
import { SMOKE_CHECKS, type SmokeCheck, SmokeResult } from '../../../../contracts/smoke.ts';
import { json } from '../../../lib/decode.ts';
import type { Tone } from '../../../lib/rollout/words.ts';
import type { Web } from '../../deps.ts';
import { clip } from '../../model/text.ts';
import type { Html } from '../layout.ts';
import { said } from '../parts.ts';
import { mark } from './criteria.ts';

/** What stage 0 looked at before its canaries: reports of the project's checks, and the look at the service. */
export type Validation = { reports: string[]; smoke: SmokeResult | null };

const RUNNER = 'outputs/runner/';
const SMOKE = 'outputs/smoke/smoke_report.json';
const read = json(SmokeResult);

export const loadValidation = async (web: Web, jobId: string): Promise<Validation> => {
  const prefix = `jobs/${jobId}/`;
  const [files, smoke] = await Promise.all([web.artifacts.list(prefix + RUNNER), web.artifacts.get(prefix + SMOKE)]);
  const reports = files.map(({ key }) => key.slice(prefix.length)).filter((path) => path.endsWith('/report.md'));
  try {
    return { reports, smoke: smoke && read(new TextDecoder().decode(smoke.body)) };
  } catch (thrown) {
    // A report of a version this build does not read is still a file of the job.
    if (thrown instanceof UnreadableDocument) return { reports, smoke: null };
    throw thrown;
  }
};

const FOUND: Record<SmokeCheck['verdict'], { words: string; tone: Tone }> = {
  ok: { words: 'ok', tone: 'good' },
  failed: { words: 'failed', tone: 'bad' },
  skipped: { words: 'skipped', tone: null },
};

const smokeTable = ({ checks }: SmokeResult): Html =>
  html`<div class="scroll" tabindex="0" role="group" aria-label="Look at the service"><table class="criteria"><caption>Look at the service</caption>
<thead><tr><th scope="col">Check</th><th scope="col">Verdict</th><th scope="col">Found</th></tr></thead>
<tbody>${checks.map(({ id, verdict, reason }) => html`<tr><th scope="row">${SMOKE_CHECKS[id]}</th><td>${mark(FOUND[verdict])}</td><td>${said(clip(reason, 300))}</td></tr>`)}</tbody></table></div>`;

/** Nothing where stage 0 has not looked yet. */
export const validationPart = (jobId: string, { reports, smoke }: Validation): Html | string =>
  reports.length === 0 && smoke === null
    ? ''
    : html`${reports.length === 0 ? '' : html`<p>Checks of the project: ${reports.map((path, i) => html`${i > 0 ? ', ' : ''}<a href="/ui/jobs/${jobId}/artifacts/${path}">report${reports.length > 1 ? ` ${i + 1}` : ''}</a>`)}</p>`}${smoke ? smokeTable(smoke) : ''}`;
