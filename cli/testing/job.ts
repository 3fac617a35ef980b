import { generateKeyPairSync, sign } from 'node:crypto';
import { LOCAL_POLICY } from '../../contracts/approval-policy.ts';
import { type EventDraft, GENESIS_HASH, type JobEvent } from '../../contracts/events.ts';
import type { JobView } from '../../contracts/http.ts';
import { digestPayload, draftDigest, readKey } from '../../functions/lib/digest/digest.ts';
import { EMPTY_LOG, sealEvent } from '../../functions/lib/event.ts';
import { fold } from '../../functions/lib/fold.ts';
import { type Handler, problem, type Reply, type Request } from './server.ts';

export const JOB_ID = '0123456789ab';
export const DIGEST = `sha256:${'d'.repeat(64)}`;

const person = { type: 'user', id: 'ann', identity: 'local' } as const;
const stage = { type: 'stage', id: 'intent', identity: 'none' } as const;
const waiting = (step: string, state: string, choices: string[]) => ({
  event_type: 'WAITING_APPROVAL' as const,
  ...{ state, visit: 1, step, actor: stage },
  outputs: {
    ...{ state, visit: 1, subject_digest: DIGEST, subject: [], expires_at: '2026-02-01T00:00:00.000Z', choices },
    policy: LOCAL_POLICY.default,
  },
});

export const DRAFTS = {
  submitted: {
    ...{ event_type: 'IDEA_SUBMITTED', state: 'Intake', visit: 1, actor: person },
    outputs: { title: 'Trend after a calm month', kind: 'idea', run: 1, spec_digest: 'a'.repeat(64), mode: 'replay' },
  },
  proposed: {
    ...{ event_type: 'BLUEPRINT_PROPOSED', state: 'Intent', visit: 1, actor: stage },
    outputs: { response_source: 'replay', degraded: true },
  },
  waits: waiting('blueprint', 'HoldBlueprint', ['approve', 'reject', 'revise']),
  asks: {
    ...waiting('intent', 'HoldIntentQuestion', ['resume']),
    event_type: 'WAITING_HUMAN',
    message: 'Which market does "the index" mean?',
  },
  answered: {
    ...{ event_type: 'RESUMED', state: 'HoldIntentQuestion', visit: 1, step: 'intent', actor: { ...person, id: 'bob' }, message: 'SPX' },
    outputs: { state: 'HoldIntentQuestion', visit: 1, subject_digest: DIGEST },
  },
  waitsLive: waiting('llm_live_confirm', 'ConfirmLive', ['approve', 'reject']),
  approved: {
    ...{ event_type: 'APPROVED', state: 'HoldBlueprint', visit: 1, step: 'blueprint', actor: { ...person, id: 'bob' }, message: 'fine' },
    outputs: { state: 'HoldBlueprint', visit: 1, subject_digest: DIGEST },
  },
  error: {
    event_type: 'ERROR',
    state: 'Stop',
    visit: 1,
    actor: stage,
    message: 'STOPPED_LLM_ERROR',
    outputs: { reason: 'STOPPED_LLM_ERROR' },
  },
  failed: { event_type: 'DONE', state: 'Stop', visit: 1, actor: stage, outputs: { status: 'stopped_llm_error' } },
  done: { event_type: 'DONE', state: 'Finish', visit: 1, actor: stage, outputs: { status: 'succeeded' } },
} as const satisfies Record<string, EventDraft>;

/** A sealed log of these drafts, one second apart. */
export const logOf = (...drafts: EventDraft[]): JobEvent[] =>
  drafts.reduce<JobEvent[]>((events, draft, i) => {
    const last = events.at(-1);
    const head = last ? { last_seq: last.seq, last_hash: last.hash } : EMPTY_LOG;
    const at = new Date(Date.UTC(2026, 0, 1, 0, 0, i)).toISOString();
    return [...events, sealEvent(draft, { ...head, job_id: JOB_ID, run_id: 'run-1', at })];
  }, []);

/** The job as the server shows it after these events. */
export const viewOf = (events: readonly JobEvent[], more: Partial<JobView> = {}): JobView => {
  const state = fold(events);
  if (!state) throw new Error('a job needs at least one event');
  const waits = state.status === 'WAITING_APPROVAL' ? state.approval : null;
  const step = state.status === 'WAITING_APPROVAL' || state.status === 'WAITING_HUMAN' ? state.step : null;
  return {
    ...{ job_id: JOB_ID, title: state.title, kind: state.kind, status: state.status, mode: state.mode, degraded: state.degraded },
    step,
    outcome: state.status === 'DONE' ? state.outcome : null,
    subject_digest: waits?.subject_digest ?? null,
    ...{ created_at: state.created_at, updated_at: state.updated_at },
    links: {
      self: `/jobs/${JOB_ID}`,
      page: `/ui/jobs/${JOB_ID}`,
      events: `/jobs/${JOB_ID}/events`,
      artifacts: `/jobs/${JOB_ID}/artifacts`,
    },
    ...more,
  };
};

/** Logs of one job at several points of its life. */
export const LOGS = {
  submitted: logOf(DRAFTS.submitted),
  waits: logOf(DRAFTS.submitted, DRAFTS.proposed, DRAFTS.waits),
  asks: logOf(DRAFTS.submitted, DRAFTS.asks),
  answered: logOf(DRAFTS.submitted, DRAFTS.asks, DRAFTS.answered),
  approved: logOf(DRAFTS.submitted, DRAFTS.proposed, DRAFTS.waits, DRAFTS.approved),
  done: logOf(DRAFTS.submitted, DRAFTS.proposed, DRAFTS.waits, DRAFTS.approved, DRAFTS.done),
  failed: logOf(DRAFTS.submitted, DRAFTS.error, DRAFTS.failed),
};

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
/** The key that signs the digest over a served log. */
export const KEY = publicKey.export({ type: 'spki', format: 'pem' }).toString();

/** One digest over a whole log. */
const digestOf = (events: readonly JobEvent[]) => {
  const { seq, hash } = events.at(-1) ?? { seq: 1, hash: GENESIS_HASH };
  const place = { seq: 1, at: '2026-01-01T00:01:00.000Z', interval_s: 10, prev_hash: GENESIS_HASH, key_id: readKey(KEY).id };
  const draft = draftDigest({ ...place, algorithm: 'Ed25519' }, [{ job_id: JOB_ID, since: 0, seq, hash }]);
  return { ...draft, signature: sign(null, digestPayload(draft), privateKey).toString('hex') };
};

/** What proves a log: the server's report, its one digest, the key. */
const proofOf = (events: readonly JobEvent[], path: string): Reply | undefined => {
  const last = events.length;
  if (path === `/jobs/${JOB_ID}/verify`) {
    const report = { job_id: JOB_ID, ok: true, events: last, head: events.at(-1)?.hash ?? null, problems: [] };
    return { json: { ...report, signed_through: last, digests: [1], interval_s: 10 } };
  }
  if (path === '/digests/1') return { json: digestOf(events) };
  return path === '/digests/key' ? { text: KEY, type: 'application/x-pem-file' } : undefined;
};

/** Serves one job: its view, its log, and what `more` says about other routes. */
export const jobHandler =
  (events: JobEvent[], more: (request: Request) => Reply | undefined = () => undefined, view: Partial<JobView> = {}): Handler =>
  (request) => {
    const answer = more(request);
    if (answer !== undefined) return answer;
    const proof = proofOf(events, request.path);
    if (proof !== undefined) return proof;
    if (request.path === `/jobs/${JOB_ID}`) return { json: { job: viewOf(events, view), events } };
    if (request.path === `/jobs/${JOB_ID}/events`) {
      return { json: { events: events.filter(({ seq }) => seq > Number(request.query.get('after'))) } };
    }
    return problem(404, 'NOT_FOUND');
  };
