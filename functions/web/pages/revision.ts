import { html } from 'hono/html';
import type { Approval, JobState } from '../../../contracts/job-state.ts';
import { clip } from '../model/text.ts';
import type { Html } from './layout.ts';
import { said, time } from './parts.ts';

/** The request that led to this opening: the last time somebody sent work back since this step was asked before. */
export const revisionOf = (state: JobState, approval: Approval): Approval['decision'] => {
  const before = state.approvals.findLast((a) => a.step === approval.step && a.state === approval.state && a.visit < approval.visit);
  const since = before?.opened_at ?? state.created_at;
  const requests = state.approvals.flatMap(({ decision, opened_at }) =>
    decision?.event_type === 'REVISION_REQUESTED' && opened_at >= since && decision.at <= approval.opened_at ? [decision] : [],
  );
  return requests.toSorted((a, b) => b.seq - a.seq)[0] ?? null;
};

/** What the evidence answers to: who sent it back, and what they asked for. */
export const revisionNote = (state: JobState, approval: Approval, now: Date): Html | string => {
  const request = revisionOf(state, approval);
  if (!request) return '';
  return html`<div class="revised"><p class="label">Sent back by ${said(request.by.id)} (${request.by.identity}), ${time(request.at, now)}</p>
<blockquote class="asked">${said(clip(request.comment ?? '', 1000))}</blockquote></div>`;
};
