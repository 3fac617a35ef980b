import { describe, expect, test } from 'vitest';
import { BulkDecisionView } from '../../../contracts/approval-http.ts';
import { LOCAL_POLICY } from '../../../contracts/approval-policy.ts';
import { fold } from '../../lib/fold.ts';
import { createWeb } from '../app.ts';
import { emptyMemory, memoryDeps, Story } from '../testing.ts';

const [A, B, C] = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'cccccccccccc'];
const PAGE = { accept: 'text/html' };

/** Two jobs that ask about the same blueprint, and one that asks about another. */
const three = () => {
  const memory = emptyMemory();
  const policy = { ...LOCAL_POLICY.default, approvers: ['bob', 'carol'], quorum: 2, self_approval: true };
  for (const [id, fast] of [
    [A, 50],
    [B, 50],
    [C, 20],
  ] as const) {
    const story = new Story(memory, id).submitted(`Job ${id.slice(0, 2)}`);
    story.waits('blueprint', 'HoldBlueprint', [{ ...story.file('outputs/blueprint.json', `{"fast":${fast}}`), name: 'blueprint' }], 9, 1, {
      outputs: { policy },
    });
  }
  const web = createWeb(memoryDeps(memory));
  const digest = (id: string): string => {
    const state = fold(memory.logs.get(id) ?? []);
    return state?.status === 'WAITING_APPROVAL' ? state.approval.subject_digest : '';
  };
  const last = (id: string) => memory.logs.get(id)?.at(-1);
  const get = async (path: string) => (await web.request(path, { headers: PAGE })).text();
  const form = (path: string, fields: Record<string, string>) =>
    web.request(path, {
      ...{ method: 'POST', body: new URLSearchParams(fields).toString() },
      headers: { ...PAGE, origin: 'null', 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
    });
  const json = (body: unknown) =>
    web.request('/approvals/decide', { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  return { memory, web, digest, last, get, form, json };
};
const item = (job_id: string, subject_digest: string) => ({ job_id, step: 'blueprint', subject_digest });

describe('the inbox', () => {
  test('says who is asked, how many approvals there are, and on which evidence', async () => {
    const { get, digest } = three();
    const page = await get('/ui/approvals');
    expect(page).toContain('asks <bdi>bob</bdi>, <bdi>carol</bdi> · 0 of 2 approvals');
    for (const id of [A, B, C]) {
      expect(page).toContain(`name="job" value="${id}"`);
      expect(page).toContain(digest(id));
    }
  });

  test('shows what was selected before anything is decided: each digest, equal evidence once', async () => {
    const { get, digest } = three();
    const page = await get(`/ui/approvals/review?step=blueprint&job=${A}&job=${B}&job=${C}`);
    expect(page).toContain('2 jobs with the same evidence');
    expect(page).toContain('2 different sets of evidence');
    expect(page.match(/<h3>Blueprint<\/h3>/g)).toHaveLength(2);
    for (const id of [A, B, C]) expect(page).toContain(`name="job-${id}" value="${digest(id)}"`);
  });

  test('leaves out what waits no longer, or for another step', async () => {
    const { get, memory } = three();
    memory.logs.delete(B);
    const page = await get(`/ui/approvals/review?step=blueprint&job=${A}&job=${B}`);
    expect(page).toContain('Some no longer wait');
    expect(page).not.toContain(`name="job-${B}"`);
    expect(await get(`/ui/approvals/review?step=runspec&job=${A}`)).toContain('Nothing is selected');
  });

  test('decides each on its own: the stale one is refused, the others recorded', async () => {
    const { form, digest, last } = three();
    const answer = await form('/ui/approvals/decide', {
      ...{ step: 'blueprint', choice: 'approve', comment: 'all alike' },
      ...{ [`job-${A}`]: digest(A), [`job-${B}`]: `sha256:${'0'.repeat(64)}` },
    });
    const page = await answer.text();
    expect(page).toContain('1 of 2 decided');
    expect(page).toContain('Not recorded');
    expect(last(A)).toMatchObject({ event_type: 'APPROVAL_VOTED', message: 'all alike', outputs: { channel: 'page' } });
    expect(last(B)?.event_type).toBe('WAITING_APPROVAL');
  });

  test('refuses a form that names no job, or more than can be read', async () => {
    const { form } = three();
    const fields = { step: 'blueprint', choice: 'approve' };
    expect((await form('/ui/approvals/decide', fields)).status).toBe(400);
    const many = Object.fromEntries(
      Array.from({ length: 51 }, (_, i) => [`job-${String(i).padStart(12, '0')}`, `sha256:${'0'.repeat(64)}`]),
    );
    expect((await form('/ui/approvals/decide', { ...fields, ...many })).status).toBe(400);
  });
});

describe('several decisions by HTTP', () => {
  test('answer in order, each with its own status, decision or problem', async () => {
    const { json, digest } = three();
    const items = [
      item(A, digest(A)),
      item(B, `sha256:${'0'.repeat(64)}`),
      item('dddddddddddd', digest(A)),
      item(C, digest(C)),
      item(A, digest(A)),
    ];
    const answer = await json({ choice: 'reject', comment: 'not now', items });
    const { results } = BulkDecisionView.parse(await answer.json());
    expect(answer.status).toBe(200);
    expect(results.map(({ job_id, status }) => [job_id, status])).toEqual([
      [A, 200],
      [B, 409],
      ['dddddddddddd', 404],
      [C, 200],
      [A, 200],
    ]);
    expect(results[1]).toMatchObject({ problem: { code: 'STALE_SUBJECT', subject_digest: digest(B) } });
    expect(results.filter((one) => 'already_decided' in one && one.already_decided)).toHaveLength(1);
  });

  test.each([
    ['no items', { choice: 'approve', items: [] }],
    ['an unknown step', { choice: 'approve', items: [{ ...item(A, `sha256:${'0'.repeat(64)}`), step: 'lunch' }] }],
    ['an unknown choice', { choice: 'shrug', items: [item(A, `sha256:${'0'.repeat(64)}`)] }],
    ['too many', { choice: 'approve', items: Array.from({ length: 51 }, () => item(A, `sha256:${'0'.repeat(64)}`)) }],
  ])('are refused whole with %s', async (_, body) => {
    expect((await three().json(body)).status).toBe(400);
  });
});
