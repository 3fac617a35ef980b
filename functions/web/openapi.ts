import { FlagName } from '../../contracts/flags.ts';
import { AgentId, JobId, RunId, Sha256, SnapshotId } from '../../contracts/ids.ts';
import { TableName } from '../../contracts/telemetry-query.ts';
import { approvalPaths, linkPaths } from './openapi/approval-paths.ts';
import { jobPaths } from './openapi/job-paths.ts';
import { after, answer, body, content, limit, operation, paging, parameter, ref } from './openapi/parts.ts';
import { rolloutPaths } from './openapi/rollout-paths.ts';
import { type Json, schemaOf, schemas } from './openapi/schemas.ts';

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
    get: operation(
      'metrics',
      'Figures of jobs and of the newest measured ones, with what wants attention; Prometheus text for `Accept: text/plain`. With a run, the figures of that execution.',
      { 200: { description: 'Metrics.', ...content('application/json', { anyOf: [ref('Metrics'), ref('RunMetrics')] }) } },
      { parameters: [parameter('run_id', 'query', schemaOf(RunId, 'input'))] },
    ),
  },
  '/telemetry': {
    get: operation(
      'askTelemetry',
      'Answers one SELECT over the telemetry tables, at most 1,000 rows.',
      { 200: answer('The answer.', 'TelemetryAnswer') },
      { parameters: [{ ...parameter('sql', 'query', { type: 'string' }), required: true }] },
    ),
  },
  '/telemetry/rows': {
    get: operation(
      'listTelemetryRows',
      'Rows of one telemetry table in the order they are stored, with the day of their job.',
      { 200: answer('A page.', 'TelemetryPage') },
      {
        parameters: [
          { ...parameter('table', 'query', schemaOf(TableName, 'input')), required: true },
          parameter('after', 'query', { type: 'string' }),
        ],
      },
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

/** The API as an OpenAPI 3.1 document, from the schemas that parse its traffic. */
export const openApi = (): Json => ({
  openapi: '3.1.0',
  info: {
    title: 'Holdpoint',
    version: '1',
    description: 'LLM-assisted jobs behind hold points. Errors are RFC 9457 problem documents with a stable `code`.',
  },
  paths: { ...otherPaths(), ...proofPaths(), ...linkPaths(), ...approvalPaths(), ...rolloutPaths(), ...jobPaths() },
  components: { schemas: schemas() },
});
