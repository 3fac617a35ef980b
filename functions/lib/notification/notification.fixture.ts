import { DEFAULT_POLICY } from '../../../contracts/approval-policy.ts';
import type { Approval, JobState } from '../../../contracts/job-state.ts';
import type { LinkRef, Notification } from '../../../contracts/notification.ts';
import { type Drafted, draftNotification, type NotificationValues } from './build.ts';

export const JOB_ID = '76c2a20d9a02';
export const AT = '2026-01-01T09:00:00.000Z';

export const approval = (changes: Partial<Approval> = {}): Approval => ({
  step: 'blueprint',
  state: 'HoldBlueprint',
  visit: 1,
  subject_digest: `sha256:${'d'.repeat(64)}`,
  subject: [],
  opened_at: AT,
  expires_at: '2026-01-08T09:30:00.000Z',
  choices: ['approve', 'reject', 'revise'],
  policy: DEFAULT_POLICY.default,
  votes: [],
  delegations: [],
  links: [],
  reminders: 0,
  expiries: 0,
  grant: null,
  decision: null,
  ...changes,
});

export const job = (title = 'Trend filter', by = 'ann'): JobState => ({
  job_id: JOB_ID,
  title,
  kind: 'idea',
  run: 1,
  spec_digest: 'e'.repeat(64),
  submitted_by: { type: 'user', id: by, identity: 'local' },
  owner_run: `${JOB_ID}-1`,
  mode: 'replay',
  telemetry: 'off',
  endings: 0,
  degraded: false,
  created_at: AT,
  updated_at: AT,
  last_seq: 3,
  last_hash: 'f'.repeat(64),
  approvals: [],
  calls: [{ cost_usd: 0.0125 }, { cost_usd: 0 }],
  redrives: 0,
  automatic_redrives: 0,
  resumes: 0,
  resumed_ok: 0,
  cancelled: false,
  status: 'WAITING_APPROVAL',
  step: 'blueprint',
  approval: approval(),
});

export const linkRef = (approver = 'alice'): LinkRef => ({
  job_id: JOB_ID,
  state: 'HoldBlueprint',
  visit: 1,
  approver,
  issue: 0,
  key_id: 'k1',
});

/** As long and as opaque as a real one. */
export const CAPABILITY = 'qT4bN8wXr2LkV7yJ0sPz5uHcD3gM9aEf6iO1xRtYvBn';
export const linkFor = (origin: string): string => `${origin}/a/${CAPABILITY}`;

export const draft = (changes: Partial<NotificationValues> = {}): Drafted =>
  draftNotification({
    kind: 'opened',
    job: job(),
    approval: approval(),
    delegation: null,
    to: { approver: 'alice', channel: 'webhook', address: 'default' },
    n: 1,
    environment: 'prod',
    origin: 'https://holdpoint.example',
    link_ref: linkRef(),
    note: null,
    at: AT,
    secrets: [],
    ...changes,
  });

/** As its recipient gets it. */
export const withLink = (changes: Partial<NotificationValues> = {}): Notification => ({
  ...draft(changes).notification,
  link: linkFor('https://holdpoint.example'),
});
