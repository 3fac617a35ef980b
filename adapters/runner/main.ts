import process from 'node:process';
import { S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { RunnerPurpose } from '../../contracts/runner.ts';
import { canonicalJson } from '../../functions/lib/canonical-json.ts';
import { createOnce } from '../aws/create-once.ts';
import { resultKey } from './build-runner.ts';
import { executeCheck } from './execute.ts';

// What a build runs, in the folder of its source. It exits with 0 when the result is written, whatever the result is: a build's own
// status cannot tell 1 from 75.

const Asked = z.object({
  HOLDPOINT_ARTIFACTS_BUCKET: z.string().min(1),
  HOLDPOINT_RUNNER_PREFIX: z.string().regex(/^jobs\/[0-9a-f]{12}\/outputs\/runner\/[A-Za-z0-9_/-]{1,120}$/),
  HOLDPOINT_RUNNER_PURPOSE: RunnerPurpose,
  HOLDPOINT_RUNNER_REPOSITORY: z.string().min(1),
  HOLDPOINT_RUNNER_ATTEMPT: z.coerce.number().int().min(1),
  AWS_ENDPOINT_URL: z.url().optional(),
});

const asked = Asked.parse(process.env);
const prefix = asked.HOLDPOINT_RUNNER_PREFIX;
const variables = Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

// A build that is stopped still says so.
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

const result = await executeCheck(
  {
    purpose: asked.HOLDPOINT_RUNNER_PURPOSE,
    repository: asked.HOLDPOINT_RUNNER_REPOSITORY,
    attempt: asked.HOLDPOINT_RUNNER_ATTEMPT,
    prefix,
  },
  {
    ...{ checkout: process.cwd(), variables, secrets: [], scope: asked.HOLDPOINT_ARTIFACTS_BUCKET },
    clock: () => new Date(),
    signal: stop.signal,
  },
);

// Its own credentials: a command is given none of the variables that lead to them.
const s3 = new S3Client({ forcePathStyle: asked.AWS_ENDPOINT_URL !== undefined });
const written = await createOnce(s3, {
  Bucket: asked.HOLDPOINT_ARTIFACTS_BUCKET,
  Key: resultKey(prefix),
  Body: canonicalJson(result),
  ContentType: 'application/json',
});
process.stdout.write(`${result.result}${written ? '' : ' (an earlier build of this attempt had written its result; that one stands)'}\n`);
