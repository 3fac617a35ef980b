import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type AxiosResponse, type Document, type OpenAPIClient, OpenAPIClientAxios } from 'openapi-client-axios';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { JobDetail, type JobView } from '../../contracts/http.ts';
import { startTestCloud, type TestCloud, until } from '../support/cloud.ts';
import { sample } from '../support/specs.ts';

// A client made from the document alone: what it can do, anybody's can.

const Ref = z.object({ $ref: z.string() });
/** One schema, or one of several. */
const Schema = z.union([
  Ref.transform(({ $ref }) => [$ref]),
  z.object({ anyOf: z.array(Ref) }).transform(({ anyOf }) => anyOf.map(({ $ref }) => $ref)),
]);
const Answers = z.record(z.string(), z.object({ content: z.record(z.string(), z.object({ schema: z.unknown() })).optional() }));
const Paths = z.record(z.string(), z.record(z.string(), z.object({ operationId: z.string(), responses: Answers })));
const OpenApi = z.looseObject({ paths: Paths, components: z.object({ schemas: z.record(z.string(), z.unknown()) }) });

describe('a client generated from the OpenAPI document', () => {
  let cloud: TestCloud;
  let client: OpenAPIClient;
  let check: (answer: AxiosResponse, operationId: string) => void;

  beforeAll(async () => {
    cloud = await startTestCloud();
    const json: unknown = await (await fetch(`${cloud.web}/openapi.json`)).json();
    const { paths, components } = OpenApi.parse(json);
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'openapi', components });
    const operations = Object.values(paths).flatMap((item) => Object.values(item));
    check = (answer, operationId) => {
      const responses = operations.find((operation) => operation.operationId === operationId)?.responses ?? {};
      const documented = responses[String(answer.status)] ?? responses['default'];
      const type = String(answer.headers['content-type']).split(';')[0] ?? '';
      const refs = Schema.safeParse(documented?.content?.[type]?.schema).data ?? [];
      expect(refs, `${operationId} documents ${answer.status} ${type}`).not.toEqual([]);
      const valid = ajv.validate({ anyOf: refs.map(($ref) => ({ $ref: `openapi${$ref}` })) }, answer.data);
      expect(ajv.errors ?? []).toEqual([]);
      expect(valid).toBe(true);
    };
    const api = new OpenAPIClientAxios({
      definition: Object(json) as Document,
      axiosConfigDefaults: { baseURL: cloud.web, validateStatus: () => true, headers: { 'X-Holdpoint-User': 'generated' } },
    });
    client = await api.init();
  });
  afterAll(() => cloud.remove());

  const ask = async (operationId: string, parameters: Record<string, unknown> | null = null, body?: unknown) => {
    const operation = client[operationId];
    if (!operation) throw new Error(`the document has no operation ${operationId}`);
    const answer = await operation(Object(parameters ?? {}), body);
    check(answer, operationId);
    return answer;
  };

  const waits = async (id: string): Promise<JobView> =>
    (
      await until(
        async () => JobDetail.parse((await ask('getJob', { id })).data),
        ({ job }) => job.status !== 'RUNNING',
      )
    ).job;

  it('the document is a valid OpenAPI document', async () => {
    const result = await new Validator().validate(Object(await (await fetch(`${cloud.web}/openapi.json`)).json()));
    expect(result).toMatchObject({ valid: true });
  });

  it('drives a job to the end, and every answer is what the document says', async () => {
    const submitted = await ask('submitJob', null, sample('idea-trend', { run: 77 }));
    expect(submitted.status).toBe(201);
    const id = String(submitted.data.job_id);
    for (;;) {
      const { status, step, subject_digest, outcome } = await waits(id);
      if (status === 'DONE') {
        expect(outcome).toBe('succeeded');
        break;
      }
      await ask('listApprovals');
      await ask('listJobApprovals', { id });
      const before = JobDetail.parse((await ask('getJob', { id })).data).events.length;
      expect((await ask('approveJob', { id, step }, { subject_digest })).status).toBe(200);
      await until(
        async () => JobDetail.parse((await ask('getJob', { id })).data).events.length,
        (n) => n > before + 1,
      );
    }
    for (const operation of ['listEvents', 'listArtifacts', 'verifyJob']) expect((await ask(operation, { id })).status).toBe(200);
    for (const operation of ['listJobs', 'metrics', 'queue', 'status', 'health', 'listFlags', 'listSnapshots', 'listCassettes'])
      expect((await ask(operation)).status).toBe(200);
  });

  it.each([
    ['a job that is not there', 404, 'NOT_FOUND', 'getJob', { id: 'ffffffffffff' }, undefined],
    ['a spec that is none', 400, 'INVALID_INPUT', 'submitJob', null, { kind: 'idea' }],
    [
      'an unknown step',
      400,
      'UNKNOWN_STEP',
      'approveJob',
      { id: 'ffffffffffff', step: 'lunch' },
      { subject_digest: `sha256:${'0'.repeat(64)}` },
    ],
    ['a redrive of nothing', 404, 'NOT_FOUND', 'redriveJob', { id: 'ffffffffffff' }, {}],
    ['a link that opens nothing', 404, 'NOT_FOUND', 'openLink', { capability: 'A'.repeat(43) }, undefined],
    ['a delegation of nothing', 404, 'NOT_FOUND', 'delegateApproval', { id: 'ffffffffffff', step: 'blueprint' }, { to: 'dave' }],
    ['a bulk decision without items', 400, 'INVALID_INPUT', 'decideApprovals', null, { choice: 'approve', items: [] }],
  ] as const)('%s is answered %d as documented', async (_, status, code, operation, parameters, body) => {
    const answer = await ask(operation, parameters, body);
    expect([answer.status, answer.data.code]).toEqual([status, code]);
  });

  it('a bulk decision of nothing that waits has a documented result for each item', async () => {
    const items = [{ job_id: 'ffffffffffff', step: 'blueprint', subject_digest: `sha256:${'0'.repeat(64)}` }];
    const { status, data } = await ask('decideApprovals', null, { choice: 'approve', items });
    expect([status, data.results[0].status, data.results[0].problem.code]).toEqual([200, 404, 'NOT_FOUND']);
  });
});
