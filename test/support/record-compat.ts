import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GetExecutionHistoryCommand, SFNClient } from '@aws-sdk/client-sfn';
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { createClients } from '../../adapters/aws/clients.ts';
import { readEnv } from '../../adapters/env.ts';
import { HOLD_POINTS } from '../../infra/local/rehearsal/holds.ts';
import { park } from '../../infra/local/rehearsal/rehearsal.ts';
import { functionVariables, JOB_MACHINE_ARN, TABLE_NAME } from '../../infra/local/settings.ts';
import { driveToEnd, getJob, startTestCloud, temporaryFolder } from './cloud.ts';

// Writes what jobs leave today into a folder of test/fixtures/compat: `node test/support/record-compat.ts <name>`. Later builds read
// it. Recorded once per shape and then never again: a fixture that is changed with the code guards nothing.

const KEY_RING = { current: 'k1', k1: 'a key of this fixture, which signs nothing else' };

/** Waits of each kind, and few enough to be read by people. */
const WANTED = ['approve blueprint', 'approve runspec', 'question of the drafting agent', 'budget of the drafting agent'];

const root = fileURLToPath(new URL('../../', import.meta.url));
const [name] = process.argv.slice(2);
if (!name || !/^[a-z0-9-]+$/.test(name)) throw new Error('name the folder to write: node test/support/record-compat.ts 2026-11');

const dataDir = temporaryFolder();
writeFileSync(join(dataDir, 'context-keys.json'), JSON.stringify(KEY_RING));
const { parked } = await park(
  root,
  dataDir,
  HOLD_POINTS.filter((hold) => WANTED.includes(hold.name)),
);
const cloud = await startTestCloud({ dataDir, simulate: {}, enforceIam: false });
const clients = createClients(readEnv(functionVariables(dataDir, { aws: cloud.aws, web: cloud.web }, {})('web')));
const sfn = new SFNClient({ region: 'us-east-1', endpoint: cloud.aws, credentials: { accessKeyId: 'people', secretAccessKey: 'people' } });

const waitsOf = async (jobId: string) => {
  const values = { ':pk': `JOB#${jobId}`, ':token': 'TOKEN#' };
  const query = {
    TableName: TABLE_NAME,
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :token)',
    ExpressionAttributeValues: values,
  };
  return (await clients.dynamo.send(new QueryCommand(query))).Items ?? [];
};

const payloadsOf = async (runId: string) => {
  const executionArn = `${JOB_MACHINE_ARN.replace(':stateMachine:', ':execution:')}:${runId}`;
  const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }));
  return events.flatMap(({ taskScheduledEventDetails: task }) => (task?.parameters ? [JSON.parse(task.parameters).Payload] : []));
};

const folder = join(root, 'test/fixtures/compat', name);
mkdirSync(folder, { recursive: true });
const jobs = [];
for (const { hold, job_id } of parked) {
  const { job, events } = await getJob(cloud.web, job_id);
  const payloads = await payloadsOf(events[0]?.run_id ?? '');
  jobs.push({ hold: hold.name, status: job.status, step: job.step, events, waits: await waitsOf(job_id), payloads });
}
const ended = await driveToEnd(cloud.web, parked[0]?.job_id ?? '');
jobs.push({
  hold: 'done',
  status: ended.job.status,
  step: null,
  events: ended.events,
  waits: [],
  payloads: await payloadsOf(ended.events[0]?.run_id ?? ''),
});
writeFileSync(join(folder, 'key-ring.json'), `${JSON.stringify({ current: 'k1', keys: { k1: KEY_RING.k1 } }, null, 2)}\n`);
for (const job of jobs) writeFileSync(join(folder, `${job.hold.replaceAll(' ', '-')}.json`), `${JSON.stringify(job, null, 1)}\n`);
rmSync(dataDir, { recursive: true, force: true });
process.exit();
