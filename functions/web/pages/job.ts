import { html } from 'hono/html';
import * as z from 'zod';
import type { LoadedJob } from '../../../contracts/commands.ts';
import type { JobEvent } from '../../../contracts/events.ts';
import type { JobState } from '../../../contracts/job-state.ts';
import { messageInWords } from '../../lib/agent/failure-words.ts';
import type { Web } from '../deps.ts';
import { actorOf } from '../http/identity.ts';
import { whomToAsk } from '../http/operator.ts';
import { type Meter, metersOf } from '../model/budget.ts';
import { progress } from '../model/progress.ts';
import { readable } from '../model/readable.ts';
import { clip, fileSize } from '../model/text.ts';
import { viewOfState } from '../model/views.ts';
import { budgetMeter } from './budget.ts';
import { controls, linksPanel, type Viewer } from './controls.ts';
import { costLine, decisionCard, recorded } from './decision.ts';
import { diagram, type Tone } from './diagram.ts';
import { type Evidence, loadEvidence } from './evidence.ts';
import { type Html, page } from './layout.ts';
import { modeLabels, notice, said, soft, standing, time } from './parts.ts';
import { questionCard } from './question.ts';
import { blocks } from './readable.ts';
import { type Result, resultPanel } from './result.ts';
import { loadResult } from './result-data.ts';
import { timeline } from './timeline.ts';
import { errorPanel, standInPanel, stoppedAdvice, troubleNotices } from './trouble.ts';
import { loadTrouble, type Trouble } from './trouble-data.ts';

/** Everything the page of a job shows. */
export type JobPage = LoadedJob & {
  evidence: Evidence[];
  result: Result | null;
  asked: unknown;
  files: { path: string; bytes: number }[];
  meters: Meter[] | null;
  trouble: Trouble;
};

const loadAsked = async (web: Web, id: string): Promise<unknown> => {
  const object = await web.artifacts.get(`jobs/${id}/job_spec.json`);
  try {
    return object === null ? null : JSON.parse(new TextDecoder().decode(object.body));
  } catch {
    return null;
  }
};

/** Reads what the page shows beside the job itself. */
export const loadJobPage = async (web: Web, loaded: LoadedJob): Promise<JobPage> => {
  const { state, events } = loaded;
  const prefix = `jobs/${state.job_id}/`;
  const [evidence, result, asked, listed, use] = await Promise.all([
    state.status === 'WAITING_APPROVAL' || state.status === 'WAITING_HUMAN' ? loadEvidence(web, state, state.approval) : [],
    loadResult(web, state.job_id, events),
    loadAsked(web, state.job_id),
    web.artifacts.list(prefix),
    web.budgetUse(state.job_id),
  ]);
  const files = listed.map(({ key, bytes }) => ({ path: key.slice(prefix.length), bytes }));
  const trouble = await loadTrouble(
    web,
    state,
    files.map(({ path }) => path),
  );
  return { state, events, evidence, result, asked, files, meters: metersOf(state, web.budget, use), trouble };
};

const head = (
  { state, meters, trouble }: JobPage,
  now: Date,
): Html => html`<header class="job" id="job-head" data-live><h1>${said(clip(state.title, 200))}</h1>
<p class="line">${standing(viewOfState(state))} ${modeLabels({ mode: state.mode, degraded: state.degraded || trouble.standIns.length > 0 })}</p>
<p class="meta"><code>${state.job_id}</code> · ${state.kind}${state.run > 1 ? html`, run ${state.run}` : ''} · by ${said(state.submitted_by.id)} (${state.submitted_by.identity}) · ${time(state.created_at, now)} · ${costLine(state, meters)}</p>${budgetMeter(meters)}</header>`;

const ENDINGS: Record<string, string> = {
  gates_failed: 'The run finished, and the policy bundle does not accept its result. The trial is on record; there is no card.',
  rejected: 'An approver said no. Nothing after that step ran.',
  stopped_budget: 'The budget of this job is spent and was not raised.',
  cancelled: 'Somebody cancelled it.',
  timed_out: 'It ran out of time.',
  error: 'A stage failed for good.',
  rolled_back: 'The rollout went back, and its flags with it.',
};

const ending = ({ state, events, trouble }: JobPage): Html | string => {
  if (state.status !== 'DONE' || state.outcome === 'succeeded') return '';
  const cause = events.findLast((event) => ['ERROR', 'REJECTED', 'CANCELLED', 'ROLLED_BACK'].includes(event.event_type));
  // The error summary below says it in full.
  const told = trouble.error ? [] : [cause?.message ?? state.reason, cause?.outputs.detail];
  const why = told.filter((text): text is string => typeof text === 'string' && text !== '' && text.toLowerCase() !== state.outcome);
  const advice =
    state.outcome === 'stopped_llm_error' ? stoppedAdvice(trouble, state.job_id) : html`<p>${ENDINGS[state.outcome] ?? ''}</p>`;
  return notice(
    'bad',
    `Ended: ${state.outcome.replaceAll('_', ' ')}`,
    html`${advice}${[...new Set(why)].map((text) => html`<p>${said(clip(messageInWords(text), 600))}</p>`)}${cause ? html`<p><a href="#e${cause.seq}">See event ${cause.seq}</a></p>` : ''}`,
  );
};

const toneOf = (state: JobState): Tone => {
  if (state.status === 'DONE') return state.outcome === 'succeeded' ? 'good' : 'bad';
  return state.status === 'RUNNING' ? 'run' : 'wait';
};

const map = async (web: Web, state: JobState, events: JobEvent[]): Promise<Awaited<Html>> => {
  const flow = await web.map(state);
  return html`<section class="panel" id="map" data-live aria-labelledby="map-h"><h2 id="map-h">Map</h2>${diagram(flow, progress(flow, state, events), toneOf(state))}</section>`;
};

const Rollouts = z.object({
  rollout: z.object({ target: z.unknown(), through: z.unknown(), canaries: z.array(z.record(z.string(), z.unknown())) }),
});

/** What somebody asked for, without what names its version; the canaries of a rollout one by one. */
const spelled = (asked: object): object => {
  const { schema_version: _, title: __, kind: ___, ...rest } = { schema_version: '', title: '', kind: '', ...asked };
  const rollout = Rollouts.safeParse(asked).data?.rollout;
  if (!rollout) return rest;
  const canaries = rollout.canaries.map(({ schema_version: _of, ...canary }, i) => [`canary_${i + 1}`, canary]);
  return { ...rest, rollout: { target: rollout.target, through: rollout.through }, ...Object.fromEntries(canaries) };
};

const askedPart = (asked: unknown): Html | string => {
  if (typeof asked !== 'object' || asked === null) return '';
  return html`<section class="panel" id="asked" aria-labelledby="asked-h"><h2 id="asked-h">What was submitted</h2>${blocks(readable(spelled(asked)))}</section>`;
};

const artifacts = (
  jobId: string,
  files: JobPage['files'],
): Html => html`<section class="panel" id="artifacts" data-live aria-labelledby="artifacts-h"><h2 id="artifacts-h">Files</h2>
${files.length === 0 ? html`<p class="quiet">None yet.</p>` : html`<ul class="filelist">${files.slice(0, 100).map(({ path, bytes }) => html`<li><a href="/ui/jobs/${jobId}/artifacts/${path}">${soft(path, /(?<=\/)/)}</a> <span class="num quiet">${fileSize(bytes)}</span></li>`)}</ul>`}
${files.length > 100 ? html`<p><a href="/ui/jobs/${jobId}/artifacts">All ${files.length} files as JSON</a></p>` : ''}</section>`;

const ended = (data: JobPage): Html =>
  html`<section class="panel" id="ending" data-live>${ending(data)}${errorPanel(data.trouble, data.state.job_id)}</section>`;

const decision = ({ state, events, evidence, meters }: JobPage, viewer: Viewer, now: Date): Html => {
  const { actor } = viewer;
  if (state.status === 'WAITING_APPROVAL') return decisionCard({ state, approval: state.approval, events, evidence, meters, actor, now });
  if (state.status === 'WAITING_HUMAN') return questionCard({ state, evidence, meters, viewer, now });
  return html`<section id="decision" data-live></section>`;
};

export const viewerOf = (web: Web, request: Request): Viewer => ({
  actor: actorOf(web, request),
  operator: web.operators.includes(request),
  whom: whomToAsk(web.operators.named),
});

export type JobPageOptions = Viewer & { all: boolean; banner?: Html | string; decided?: { seq: number; late: boolean } };

/** The page of one job. */
export const jobPage = (web: Web, data: JobPage, options: JobPageOptions): Html => {
  const { state, events, result } = data;
  const now = web.clock();
  const mark = options.decided;
  const done = mark
    ? recorded(
        events.find((event) => event.seq === mark.seq),
        mark.late,
        now,
      )
    : '';
  const main = html`${options.banner ?? ''}${done}${head(data, now)}
<div class="columns"><div class="first">${ended(data)}${standInPanel(data.trouble, state.job_id, now)}${troubleNotices(data.trouble, state.job_id)}${decision(data, options, now)}${controls(state, options)}${result ? resultPanel(state.job_id, result) : html`<section id="result" data-live></section>`}</div>
<aside class="second" aria-label="Map">${map(web, state, events)}</aside>
<div class="third">${askedPart(data.asked)}${timeline(state.job_id, events, now, { all: options.all, told: data.trouble.error?.summary.error.message ?? null })}${linksPanel(state, options, now)}${artifacts(state.job_id, data.files)}</div></div>
<p id="live-note" class="toast" role="status"></p>`;
  return page(web, {
    title: state.title,
    at: '/ui/jobs',
    actor: options.actor,
    ...(state.status === 'DONE' ? {} : { stream: `/ui/jobs/${state.job_id}/events/stream?after=${state.last_seq}` }),
    main,
  });
};
