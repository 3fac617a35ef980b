import * as z from 'zod';
import * as approvals from '../../contracts/approval-http.ts';
import { AuditDigest } from '../../contracts/digest.ts';
import { JobEvent } from '../../contracts/events.ts';
import { FlagName } from '../../contracts/flags.ts';
import * as http from '../../contracts/http.ts';
import { AgentId, ArtifactPath, JobId, Sha256, SnapshotId, SubjectDigest } from '../../contracts/ids.ts';
import { JobSpec } from '../../contracts/job-spec.ts';
import { JobStatus } from '../../contracts/job-state.ts';
import { Cassette } from '../../contracts/llm.ts';
import { CostView } from '../../contracts/pricing.ts';
import { SignInView } from '../../contracts/session.ts';
import { Snapshot } from '../../contracts/snapshot.ts';
import { APPROVAL_STEPS, Choice } from '../../contracts/steps.ts';
import { CAPABILITY } from '../lib/capability.ts';

type Json = Record<string, unknown>;

const OUTPUTS = {
  Job: http.JobView,
  JobDetail: http.JobDetail,
  JobList: http.JobList,
  JobEvent,
  EventList: http.EventList,
  ApprovalList: http.ApprovalList,
  ArtifactList: http.ArtifactList,
  CassetteList: http.CassetteList,
  Cassette,
  SnapshotList: http.SnapshotList,
  Snapshot,
  Decision: http.DecisionView,
  ApprovalDetailList: approvals.ApprovalDetailList,
  BulkDecision: approvals.BulkDecisionView,
  Health: http.HealthView,
  Status: http.StatusView,
  Queue: http.QueueView,
  Metrics: http.MetricsView,
  Reconciled: http.ReconcileView,
  FlagList: http.FlagList,
  Flag: http.FlagView,
  KillSwitch: http.KillView,
  Cost: CostView,
  VerifyReport: http.VerifyReport,
  VerifyPage: http.VerifyPage,
  AuditDigest,
  DigestPage: http.DigestPage,
  SignIn: SignInView,
  // RFC 9457: a problem may carry more than these (a new digest, the places that are wrong).
  Problem: z.looseObject(http.Problem.shape),
};
const INPUTS = {
  JobSpec,
  DecisionBody: http.DecisionBody,
  ResumeBody: http.ResumeBody,
  CancelBody: http.CancelBody,
  RedriveBody: approvals.RedriveBody,
  DelegateBody: approvals.DelegateBody,
  RevokeLinksBody: approvals.RevokeLinksBody,
  BulkDecisionBody: approvals.BulkDecisionBody,
  ReconcileBody: http.ReconcileBody,
  FlagBody: http.FlagBody,
  KillBody: http.KillBody,
  ReleaseBody: http.ReleaseBody,
};

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return json;
};

const ref = (name: keyof typeof OUTPUTS | keyof typeof INPUTS): Json => ({ $ref: `#/components/schemas/${name}` });
const content = (type: string, schema: Json): Json => ({ content: { [type]: { schema } } });
const answer = (description: string, name: keyof typeof OUTPUTS): Json => ({ description, ...content('application/json', ref(name)) });
const parameter = (name: string, where: 'path' | 'query' | 'header', schema: Json, required = where === 'path'): Json => ({
  name,
  in: where,
  required,
  schema,
});
const body = (name: keyof typeof INPUTS, required = true): Json => ({ required, ...content('application/json', ref(name)) });

const PROBLEM: Json = {
  description: 'What was refused, why, and what to do next.',
  ...content('application/problem+json', ref('Problem')),
};
const operation = (operationId: string, summary: string, responses: Json, more: Json = {}): Json => ({
  operationId,
  summary,
  ...more,
  responses: { default: PROBLEM, ...responses },
});

const id = parameter('id', 'path', schemaOf(JobId, 'input'));
const limit = parameter('limit', 'query', { type: 'integer', minimum: 1, maximum: 200, default: 50 });
const paging = [limit, parameter('cursor', 'query', { type: 'string' })];
const step = parameter('step', 'query', { enum: APPROVAL_STEPS }, true);
const after = parameter('after', 'query', { type: 'integer', minimum: 0 });

const decision = (choice: string, summary: string): Json => ({
  post: operation(
    `${choice}Job`,
    summary,
    { 200: answer('The decision that is on record, this one or an earlier one.', 'Decision') },
    {
      parameters: [id, step],
      requestBody: body('DecisionBody'),
    },
  ),
});

const jobPaths = (): Json => ({
  '/jobs': {
    get: operation(
      'listJobs',
      'Jobs, newest first.',
      { 200: answer('A page of jobs.', 'JobList') },
      {
        parameters: [
          parameter('status', 'query', schemaOf(JobStatus, 'input')),
          parameter('q', 'query', { type: 'string', maxLength: 200 }),
          ...paging,
        ],
      },
    ),
    post: operation(
      'submitJob',
      'Opens a job. The same spec is the same job.',
      { 200: answer('It was there already.', 'Job'), 201: answer('Opened.', 'Job') },
      {
        requestBody: body('JobSpec'),
      },
    ),
  },
  '/jobs/{id}': { get: operation('getJob', 'A job and its events.', { 200: answer('The job.', 'JobDetail') }, { parameters: [id] }) },
  '/jobs/{id}/events': {
    get: operation(
      'listEvents',
      'Events after a sequence number.',
      { 200: answer('Events in order.', 'EventList') },
      { parameters: [id, after] },
    ),
  },
  '/jobs/{id}/events/stream': {
    get: operation(
      'streamEvents',
      'Events as server-sent events; `id` is the sequence number, `data` a job_event_v1.',
      {
        200: { description: 'The stream.', ...content('text/event-stream', { type: 'string' }) },
        204: { description: 'The job is done and everything was sent.' },
      },
      { parameters: [id, after, parameter('Last-Event-ID', 'header', { type: 'integer' })] },
    ),
  },
  '/jobs/{id}/approve': decision('approve', 'Signs what the digest names.'),
  '/jobs/{id}/reject': decision('reject', 'Ends the job as rejected.'),
  '/jobs/{id}/revise': decision('revise', 'Sends the work back with a comment.'),
  '/jobs/{id}/resume': {
    post: operation(
      'resumeJob',
      'Answers the question an agent asked. The same step and answer again is the same event.',
      { 200: answer('The answer that is on record.', 'Decision') },
      { parameters: [id], requestBody: body('ResumeBody') },
    ),
  },
  '/jobs/{id}/cancel': {
    post: operation(
      'cancelJob',
      'Ends a job.',
      { 200: answer('The job.', 'Job') },
      { parameters: [id], requestBody: body('CancelBody', false) },
    ),
  },
  '/jobs/{id}/redrive': {
    post: operation(
      'redriveJob',
      'Gives a job that ended badly to a new execution, which runs it from its log.',
      { 200: answer('The job.', 'Job') },
      { parameters: [id], requestBody: body('RedriveBody', false) },
    ),
  },
  '/jobs/{id}/approvals': {
    get: operation(
      'listJobApprovals',
      'Every approval of a job: who is asked, votes, delegations, links.',
      { 200: answer('Approvals, the latest last.', 'ApprovalDetailList') },
      { parameters: [id] },
    ),
  },
  '/jobs/{id}/delegate': {
    post: operation(
      'delegateApproval',
      "Hands the caller's say on the open step to somebody else.",
      { 200: answer('The job.', 'Job') },
      { parameters: [id, step], requestBody: body('DelegateBody') },
    ),
  },
  '/jobs/{id}/links/revoke': {
    post: operation(
      'revokeLinks',
      "Revokes links of the open step: one approver's, or all.",
      { 200: answer('The job.', 'Job') },
      { parameters: [id, step], requestBody: body('RevokeLinksBody', false) },
    ),
  },
  '/jobs/{id}/artifacts': {
    get: operation('listArtifacts', 'Files of a job.', { 200: answer('Files.', 'ArtifactList') }, { parameters: [id] }),
  },
  '/jobs/{id}/artifacts/{path}': {
    get: operation(
      'getArtifact',
      'One file; the path may have several segments.',
      { 200: { description: 'The file.', ...content('application/octet-stream', {}) } },
      {
        parameters: [id, parameter('path', 'path', schemaOf(ArtifactPath, 'input'))],
      },
    ),
  },
  '/jobs/{id}/cost': {
    get: operation(
      'jobCost',
      'What a job came to on AWS: counted units and USD, model calls excluded.',
      { 200: answer('Units and USD.', 'Cost') },
      { parameters: [id] },
    ),
  },
  '/jobs/{id}/verify': {
    get: operation(
      'verifyJob',
      'Checks the log of a job: chain, digests, versions.',
      { 200: answer('What was found.', 'VerifyReport') },
      { parameters: [id] },
    ),
  },
});

const proofPaths = (): Json => ({
  '/verify': {
    get: operation(
      'verifyLogs',
      'Checks the next logs after a job id, the audit log first.',
      { 200: answer('What was found.', 'VerifyPage') },
      { parameters: [parameter('after', 'query', schemaOf(JobId, 'input')), paging[0]] },
    ),
  },
  '/digests': {
    get: operation(
      'listDigests',
      'Signed digests after a number.',
      { 200: answer('A page.', 'DigestPage') },
      { parameters: [after, paging[0]] },
    ),
  },
  '/digests/{seq}': {
    get: operation(
      'getDigest',
      'One signed digest.',
      { 200: answer('The audit_digest_v1 document.', 'AuditDigest') },
      { parameters: [parameter('seq', 'path', { type: 'integer', minimum: 1 })] },
    ),
  },
  '/digests/key': {
    get: operation('digestKey', 'The public key of the digests, as PEM.', {
      200: { description: 'The key.', ...content('application/x-pem-file', { type: 'string' }) },
    }),
  },
});

const otherPaths = (): Json => ({
  '/healthz': { get: operation('health', 'The process answers.', { 200: answer('Alive.', 'Health') }) },
  '/status': {
    get: operation('status', 'Environment and stores.', {
      200: answer('Status.', 'Status'),
      503: answer('A store is unreachable.', 'Status'),
    }),
  },
  '/auth/config': { get: operation('signInConfig', 'Where callers sign in.', { 200: answer('The issuer and the client.', 'SignIn') }) },
  '/queue': { get: operation('queue', 'Load.', { 200: answer('Load.', 'Queue') }) },
  '/metrics': {
    get: operation('metrics', 'What the index can say; Prometheus text for `Accept: text/plain`.', { 200: answer('Metrics.', 'Metrics') }),
  },
  '/approvals': {
    get: operation('listApprovals', 'What waits, oldest first.', { 200: answer('A page.', 'ApprovalList') }, { parameters: paging }),
  },
  '/approvals/decide': {
    post: operation(
      'decideApprovals',
      'Decides several approvals at once, each settled on its own.',
      { 200: answer('What came of each, in the order they were sent.', 'BulkDecision') },
      { requestBody: body('BulkDecisionBody') },
    ),
  },
  '/snapshots': { get: operation('listSnapshots', 'Snapshots.', { 200: answer('Snapshots.', 'SnapshotList') }) },
  '/snapshots/{id}': {
    put: operation(
      'putSnapshot',
      'Stores daily bars, immutable, under an id.',
      { 200: answer('The manifest.', 'Snapshot') },
      {
        parameters: [
          parameter('id', 'path', schemaOf(SnapshotId, 'input')),
          parameter('symbol', 'query', { type: 'string' }),
          parameter('source', 'query', { type: 'string' }),
        ],
        requestBody: { required: true, ...content('text/csv', { type: 'string' }) },
      },
    ),
  },
  '/cassettes': {
    get: operation(
      'listCassettes',
      'Recorded answers.',
      { 200: answer('Recorded answers.', 'CassetteList') },
      { parameters: [parameter('agent', 'query', { type: 'string' })] },
    ),
  },
  '/cassettes/{agent}/{key}/{n}': {
    get: operation(
      'getCassette',
      'One recorded answer and the question it answers, as recorded.',
      { 200: answer('The cassette_v1 document.', 'Cassette') },
      {
        parameters: [
          parameter('agent', 'path', schemaOf(AgentId, 'input')),
          parameter('key', 'path', schemaOf(Sha256, 'input')),
          parameter('n', 'path', { type: 'integer', minimum: 0 }),
        ],
      },
    ),
  },
  '/flags': { get: operation('listFlags', 'Flags and kill switch as they hold now.', { 200: answer('Flags.', 'FlagList') }) },
  '/flags/{name}': {
    put: operation(
      'setFlag',
      'Sets a flag, on record and in force within 30 s.',
      { 200: answer('The flag.', 'Flag') },
      { parameters: [parameter('name', 'path', schemaOf(FlagName, 'input'))], requestBody: body('FlagBody') },
    ),
  },
  '/kill': {
    post: operation(
      'kill',
      'Switches features off down to a level, or halts new jobs, model calls and external writes.',
      { 200: answer('The kill switch.', 'KillSwitch') },
      { requestBody: body('KillBody') },
    ),
  },
  '/kill/release': {
    post: operation(
      'releaseKill',
      'Releases the kill switch, on record.',
      { 200: answer('The kill switch.', 'KillSwitch') },
      { requestBody: body('ReleaseBody', false) },
    ),
  },
  '/audit/events': {
    get: operation(
      'listAuditEvents',
      'What belongs to no job: flags, kill switch, links, refused decisions.',
      { 200: answer('Events in order.', 'EventList') },
      { parameters: [after, limit] },
    ),
  },
  '/reconcile': {
    post: operation(
      'reconcile',
      'One reconciler pass.',
      { 200: answer('What it did.', 'Reconciled') },
      { requestBody: body('ReconcileBody', false) },
    ),
  },
});

const capability = parameter('capability', 'path', { type: 'string', pattern: CAPABILITY.source });
const PAGE: Json = content('text/html', { type: 'string' });
const PROBLEM_OR_PAGE: Json = {
  description: 'As any error; a page for who asks for text/html.',
  content: { 'application/problem+json': { schema: ref('Problem') }, 'text/html': { schema: { type: 'string' } } },
};

/** What the form of the page sends. `token` is the page's own, so nobody else can send it. */
const LINK_FORM: Json = {
  type: 'object',
  required: ['subject_digest', 'token', 'choice'],
  properties: {
    subject_digest: schemaOf(SubjectDigest, 'input'),
    token: { type: 'string' },
    choice: schemaOf(Choice, 'input'),
    comment: { type: 'string', maxLength: 4000 },
    typed: { type: 'string', description: 'The step, where the link alone says who decides.' },
  },
};

const linkPaths = (): Json => ({
  '/a/{capability}': {
    get: operation(
      'openLink',
      "An approver's page. Reading it changes nothing.",
      { 200: { description: 'The page.', ...PAGE }, default: PROBLEM_OR_PAGE },
      { parameters: [capability] },
    ),
    post: operation(
      'decideByLink',
      "The decision of the link's approver, from the form of the page alone.",
      { 303: { description: 'Recorded, now or before: back to the page, which shows it.' }, default: PROBLEM_OR_PAGE },
      {
        parameters: [capability],
        requestBody: { required: true, ...content('application/x-www-form-urlencoded', LINK_FORM) },
      },
    ),
  },
});

const Local = z.looseObject({ $defs: z.record(z.string(), z.unknown()).default({}) });

/** A schema and what it defines for itself: `#/$defs` would mean the root of this document, not of the schema. */
const component = (name: string, schema: z.ZodType, io: 'input' | 'output'): [string, unknown][] => {
  const within = (inner: string): string => `${name}_${inner.replace(/^_+/, '')}`;
  const text = JSON.stringify(schemaOf(schema, io)).replaceAll(
    /"#\/\$defs\/(\w+)"/g,
    (_, inner: string) => `"#/components/schemas/${within(inner)}"`,
  );
  const { $defs, ...json } = Local.parse(JSON.parse(text));
  return [[name, json], ...Object.entries($defs).map(([inner, value]): [string, unknown] => [within(inner), value])];
};

const entries = (schemas: Record<string, z.ZodType>, io: 'input' | 'output'): [string, unknown][] =>
  Object.entries(schemas).flatMap(([name, schema]) => component(name, schema, io));

/** The API as an OpenAPI 3.1 document, from the schemas that parse its traffic. */
export const openApi = (): Json => ({
  openapi: '3.1.0',
  info: {
    title: 'Holdpoint',
    version: '1',
    description: 'LLM-assisted jobs behind hold points. Errors are RFC 9457 problem documents with a stable `code`.',
  },
  paths: { ...otherPaths(), ...proofPaths(), ...linkPaths(), ...jobPaths() },
  components: { schemas: Object.fromEntries([...entries(OUTPUTS, 'output'), ...entries(INPUTS, 'input')]) },
});
