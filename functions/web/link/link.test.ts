import { describe, expect, test } from 'vitest';
import { LOCAL_POLICY, type StepPolicy } from '../../../contracts/approval-policy.ts';
import { Refusal } from '../../../contracts/commands.ts';
import type { Actor } from '../../../contracts/events.ts';
import type { SignInConfig } from '../../../contracts/session.ts';
import { fold } from '../../lib/fold.ts';
import { formToken } from '../../lib/form-token.ts';
import { createWeb } from '../app.ts';
import type { WebDeps } from '../deps.ts';
import type { SignIn } from '../session/sign-in.ts';
import { emptyMemory, type Memory, memoryDeps, Story } from '../testing.ts';
import { capabilityFor, linksFor, RING } from '../testing-approvals.ts';

const ID = 'aaaaaaaaaaaa';
const HOLD = 'HoldBlueprint';
const LATER = '2026-01-17T12:00:00.000Z';
const ANN = capabilityFor(ID, HOLD, 1, 'ann');
const BOB = capabilityFor(ID, HOLD, 1, 'bob');

type Rules = Partial<StepPolicy> & { expires?: string };

const waiting = ({ expires = LATER, ...rules }: Rules = {}) => {
  const memory = emptyMemory();
  const story = new Story(memory, ID).submitted('Trend filter');
  const policy = {
    ...LOCAL_POLICY.default,
    approvers: ['ann', 'bob', 'alice'],
    proven_by: ['link', 'oidc'],
    self_approval: false,
    ...rules,
  };
  const links = linksFor(ID, HOLD, 1, policy.approvers, expires);
  story.waits('blueprint', HOLD, [{ ...story.file('outputs/1/blueprint.json', '{"fast":50}'), name: 'blueprint' }], 9, 1, {
    outputs: { policy, links },
  });
  return { memory, story, digest: digestOf(memory) };
};

const digestOf = (memory: Memory): string => {
  const state = fold(memory.logs.get(ID) ?? []);
  if (state?.status !== 'WAITING_APPROVAL') throw new Error('does not wait');
  return state.approval.subject_digest;
};

const PAGE = { accept: 'text/html' };
const OWN = { ...PAGE, origin: 'null', 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' };

const visit = (memory: Memory, capability: string, deps: Partial<WebDeps> = {}, query = '') =>
  createWeb(memoryDeps(memory, deps)).request(`/a/${capability}${query}`, { headers: PAGE });
const fields = (digest: string, more: Record<string, string> = {}, capability = ANN): Record<string, string> => ({
  ...{ subject_digest: digest, token: formToken(RING, capability, digest), choice: 'approve', typed: 'blueprint' },
  ...more,
});
const post = (
  memory: Memory,
  body: Record<string, string>,
  capability = ANN,
  deps: Partial<WebDeps> = {},
  headers: Record<string, string> = OWN,
) =>
  createWeb(memoryDeps(memory, deps)).request(`/a/${capability}`, { method: 'POST', headers, body: new URLSearchParams(body).toString() });
const count = (memory: Memory): number => memory.logs.get(ID)?.length ?? 0;
const last = (memory: Memory) => memory.logs.get(ID)?.at(-1);

/** Sign-in as it looks to a route: who the session names, or nobody. */
const signIn = (who: string | null, mode: SignInConfig['mode'] = 'required'): Partial<WebDeps> => {
  const actor: Actor | Refusal = who === null ? new Refusal('UNAUTHENTICATED', 'nobody') : { type: 'user', id: who, identity: 'oidc' };
  const config: SignInConfig = {
    ...{ mode, issuer: 'https://issuer.test', client_id: 'web', cli_client_id: 'cli', secret: null, audiences: [] },
    admission: { identity: 'email', groups: [], operators: [] },
  };
  const never = () => Promise.reject(new Error('not here'));
  const found: SignIn = {
    config,
    issuer: { begin: never, finish: never, verify: never },
    vault: { seal: never, open: never },
    recognise: async () => {},
    caller: () => (actor instanceof Refusal ? actor : { actor, groups: [] }),
  };
  return { signIn: found, identify: () => actor };
};

describe("an approver's link", () => {
  test.each(['GET', 'HEAD'])('%s shows one question and its evidence, and changes nothing', async (method) => {
    const { memory, digest } = waiting();
    const answer = await createWeb(memoryDeps(memory)).request(`/a/${ANN}`, { method, headers: { ...PAGE, 'sec-purpose': 'prefetch' } });
    expect([answer.status, answer.headers.get('cache-control'), answer.headers.get('referrer-policy')]).toEqual([
      200,
      'no-store',
      'no-referrer',
    ]);
    expect(count(memory)).toBe(2);
    if (method === 'HEAD') return;
    const page = await answer.text();
    expect(page).toContain('Is this the strategy we want to test?');
    expect(page).toContain(`name="subject_digest" value="${digest}"`);
    expect(page.indexOf('value="reject"')).toBeLessThan(page.indexOf('value="approve"'));
    expect(page).toContain('known by this link alone');
  });

  test('is repeated nowhere: not on its page, not in the answer to its form, not in the log', async () => {
    const { memory, digest } = waiting();
    expect(await (await visit(memory, ANN)).text()).not.toContain(ANN);
    const answer = await post(memory, fields(digest));
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '?']);
    expect(JSON.stringify([...memory.logs])).not.toContain(ANN);
    expect(await (await visit(memory, ANN)).text()).not.toContain(ANN);
  });

  test('is not in what is reported of an error on its page', async () => {
    const { memory } = waiting();
    const reported: string[] = [];
    const broken = {
      keyRing: async () => Promise.reject(new Error('no ring')),
      report: (_: Error, { path }: { path: string }) => void reported.push(path),
    };
    expect((await visit(memory, ANN, broken)).status).toBe(500);
    expect(reported).toEqual(['/a/(capability)']);
  });

  test('decides for its approver, who is known by the link', async () => {
    const { memory, digest } = waiting();
    await post(memory, fields(digest, { comment: ' Fine.\r\nGo ', typed: ' Blueprint ' }));
    expect(last(memory)).toMatchObject({
      ...{ event_type: 'APPROVED', message: 'Fine.\nGo', actor: { type: 'user', id: 'ann', identity: 'link' } },
      outputs: { channel: 'link', subject_digest: digest },
    });
    expect(await (await visit(memory, ANN)).text()).toContain('You decided: approved');
    expect(await (await visit(memory, BOB)).text()).toContain('Decided: approved');
  });

  test.each(['approve', 'reject', 'revise'])('a form without the step typed does not %s, and keeps the comment', async (choice) => {
    const { memory, digest } = waiting();
    for (const typed of ['', 'blueprin', 'approve']) {
      const answer = await post(memory, fields(digest, { choice, typed, comment: 'my words' }));
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain('>my words</textarea>');
    }
    expect(count(memory)).toBe(2);
  });

  test('a form of another page is refused: no token, a token of another link, or of other evidence', async () => {
    const { memory, digest } = waiting();
    const other = `sha256:${'0'.repeat(64)}`;
    for (const token of ['', 'x', formToken(RING, BOB, digest), formToken(RING, ANN, other)]) {
      expect((await post(memory, fields(digest, { token }))).status).toBe(403);
    }
    expect(count(memory)).toBe(2);
  });

  test.each([
    ['no origin', { 'content-type': OWN['content-type'] }],
    ['a foreign origin', { ...OWN, origin: 'https://evil.example' }],
    ['another site', { ...OWN, 'sec-fetch-site': 'cross-site' }],
  ])('a form with %s is refused', async (_, headers) => {
    const { memory, digest } = waiting();
    expect((await post(memory, fields(digest), ANN, {}, headers)).status).toBe(403);
    expect(count(memory)).toBe(2);
  });

  test('evidence that is not what was seen is 409, with the evidence as it is', async () => {
    const { memory, digest } = waiting();
    const answer = await post(memory, fields(`sha256:${'0'.repeat(64)}`));
    const page = await answer.text();
    expect(answer.status).toBe(409);
    expect(page).toContain('What you saw has changed');
    expect(page).toContain(`value="${digest}"`);
    expect(count(memory)).toBe(2);
  });

  test('a replay shows the outcome; the opposite of what is on record is 409', async () => {
    const { memory, digest } = waiting();
    const form = fields(digest);
    await post(memory, form);
    const [again, opposite] = [await post(memory, form), await post(memory, { ...form, choice: 'reject' })];
    expect([again.status, opposite.status, count(memory)]).toEqual([303, 409, 3]);
    expect(await opposite.text()).toContain('You decided: approved');
  });

  test('a vote below the quorum is told as such, counts once, and can still become a no', async () => {
    const { memory, digest } = waiting({ quorum: 2 });
    await post(memory, fields(digest));
    const page = await (await visit(memory, ANN)).text();
    expect(page).toContain('Your approval is recorded');
    expect(page).toContain('1 of 2: <bdi>ann</bdi>');
    expect(page).not.toContain('value="approve"');
    expect(page).toContain('value="reject"');
    await post(memory, fields(digest));
    expect(count(memory)).toBe(3);
    await post(memory, fields(digest, {}, BOB), BOB);
    expect(last(memory)).toMatchObject({ event_type: 'APPROVED', actor: { id: 'bob' } });
  });

  test('the submitter sees why they cannot approve, and is refused when they try', async () => {
    const { memory, digest } = waiting();
    const alice = capabilityFor(ID, HOLD, 1, 'alice');
    const page = await (await visit(memory, alice)).text();
    expect(page).toContain('submitted this job and cannot approve it');
    expect(page).not.toContain('value="approve"');
    const answer = await post(memory, fields(digest, {}, alice), alice);
    expect([answer.status, count(memory)]).toEqual([403, 2]);
  });

  test('altered evidence can be refused, not approved', async () => {
    const { memory, story } = waiting();
    story.file('outputs/1/blueprint.json', '{"fast":1}');
    const page = await (await visit(memory, ANN)).text();
    expect(page).toContain('This file is not the one in the log');
    expect(page).not.toContain('value="approve"');
  });

  test('opens each signed file whole, and no other', async () => {
    const { memory } = waiting();
    expect(await (await visit(memory, ANN, {}, '?file=blueprint')).text()).toContain('outputs/<wbr>1/<wbr>blueprint.json');
    expect(await (await visit(memory, ANN, {}, '?file=blueprint&raw=1')).text()).toBe('{"fast":50}');
    for (const name of ['job_spec', '../x', '']) expect((await visit(memory, ANN, {}, `?file=${name}`)).status).toBe(404);
  });

  test('of a job that ended meanwhile says that nothing is asked any more', async () => {
    const { memory, story, digest } = waiting();
    story.add(
      { event_type: 'DONE', state: 'Control', actor: { type: 'system', id: 'cancel', identity: 'none' }, outputs: { status: 'cancelled' } },
      1,
    );
    expect(await (await visit(memory, ANN)).text()).toContain('No decision is needed any more');
    expect((await post(memory, fields(digest))).status).toBe(409);
    expect(count(memory)).toBe(3);
  });
});

describe('a link that leads nowhere', () => {
  test.each([
    ['unknown', 'A'.repeat(43), {}, 404, 'This link opens nothing'],
    ['tampered with', `${ANN.slice(0, -1)}${ANN.endsWith('A') ? 'B' : 'A'}`, {}, 404, 'This link opens nothing'],
    ['no capability at all', 'short', {}, 404, 'This link opens nothing'],
    ['expired', ANN, { expires: '2026-01-10T11:00:00.000Z' }, 410, 'This link has expired'],
  ])('%s: a page of its own, for reading and for deciding', async (_, capability, rules, status, title) => {
    const { memory, digest } = waiting(rules);
    const answers = [await visit(memory, capability), await post(memory, fields(digest, {}, capability), capability)];
    for (const answer of answers) {
      const page = await answer.text();
      expect(answer.status).toBe(status);
      expect(page).toContain(`<h1>${title}</h1>`);
      expect(page).not.toContain(capability);
    }
    expect(count(memory)).toBe(2);
  });

  test('revoked: 410, while the links of others still open', async () => {
    const { memory, digest } = waiting();
    await memoryDeps(memory).commands.revokeLinks(ID, {
      step: 'blueprint',
      approver: 'ann',
      actor: { type: 'user', id: 'ops', identity: 'local' },
    });
    const answer = await visit(memory, ANN);
    expect([answer.status, (await visit(memory, BOB)).status]).toEqual([410, 200]);
    const page = await answer.text();
    expect(page).toContain('This link was revoked');
    expect(page).toContain(`href="/ui/jobs/${ID}"`);
    expect((await post(memory, fields(digest))).status).toBe(410);
  });

  test.each([
    ['revoked', LATER],
    ['expired', '2026-01-10T11:00:00.000Z'],
  ])('%s, where nobody is let into the page of the job: no button that leads to a refusal', async (what, expires) => {
    const { memory } = waiting({ expires });
    const actor: Actor = { type: 'user', id: 'ops', identity: 'oidc' };
    if (what === 'revoked') await memoryDeps(memory).commands.revokeLinks(ID, { step: 'blueprint', approver: 'ann', actor });
    const answer = await createWeb(memoryDeps(memory, { local: false })).request(`https://holdpoint.example/a/${ANN}`, { headers: PAGE });
    const page = await answer.text();
    expect([answer.status, page.includes('/ui/jobs/'), page.includes('command line')]).toEqual([410, false, true]);
  });

  test('programs get a problem document', async () => {
    const answer = await createWeb(memoryDeps(emptyMemory())).request(`/a/${ANN}`);
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'NOT_FOUND' }]);
  });
});

describe('where people sign in', () => {
  test('the evidence is shown to whoever has the link, and nothing is decided before they sign in', async () => {
    const { memory, digest } = waiting();
    const page = await (await visit(memory, ANN, signIn(null))).text();
    expect(page).toContain('Sign in to decide');
    expect(page).toContain('href="?sign-in=1"');
    expect(page).not.toContain('<form');
    expect((await post(memory, fields(digest), ANN, signIn(null))).status).toBe(401);
    expect(count(memory)).toBe(2);
  });

  test('its approver decides signed in, with nothing to type', async () => {
    const { memory, digest } = waiting();
    expect(await (await visit(memory, ANN, signIn('ann'))).text()).not.toContain('name="typed"');
    await post(memory, fields(digest, { typed: '' }), ANN, signIn('ann'));
    expect(last(memory)).toMatchObject({ actor: { id: 'ann', identity: 'oidc' }, outputs: { channel: 'link' } });
  });

  test.each(['required', 'optional'] as const)('somebody else is refused, where signing in is %s', async (mode) => {
    const { memory, digest } = waiting();
    const deps = signIn('bob', mode);
    const [read, sent] = [await visit(memory, ANN, deps), await post(memory, fields(digest), ANN, deps)];
    expect([read.status, sent.status, count(memory)]).toEqual([403, 403, 2]);
    expect(await read.text()).toContain('It was sent to <bdi>ann</bdi>, and you are signed in as <bdi>bob</bdi>');
  });

  test('where signing in is optional the link is enough, with the step typed', async () => {
    const { memory, digest } = waiting();
    await post(memory, fields(digest), ANN, signIn(null, 'optional'));
    expect(last(memory)).toMatchObject({ actor: { id: 'ann', identity: 'link' } });
  });

  test.each(['required', 'optional'] as const)('a link that alone is not enough shows nothing, where signing in is %s', async (mode) => {
    const { memory, digest } = waiting();
    const deps = { ...signIn(null, mode), linkApproval: false };
    const answers = [
      await visit(memory, ANN, deps),
      await visit(memory, ANN, deps, '?file=blueprint'),
      await post(memory, fields(digest), ANN, deps),
    ];
    for (const answer of answers) {
      const page = await answer.text();
      expect([answer.status, page.includes('href="?sign-in=1"'), page.includes('Trend filter')]).toEqual([401, true, false]);
    }
    const head = await createWeb(memoryDeps(memory, deps)).request(`/a/${ANN}`, { method: 'HEAD' });
    expect([head.status, count(memory)]).toEqual([401, 2]);
  });

  test('a link that alone is not enough leads its approver, signed in, to the decision', async () => {
    const { memory, digest } = waiting();
    const deps = { ...signIn('ann', 'optional'), linkApproval: false };
    expect((await visit(memory, ANN, deps)).status).toBe(200);
    await post(memory, fields(digest, { typed: '' }), ANN, deps);
    expect(last(memory)).toMatchObject({ actor: { id: 'ann', identity: 'oidc' } });
  });

  test('a link that alone is not enough leads to the job, where nobody signs people in', async () => {
    const { memory, digest } = waiting();
    const deps = { linkApproval: false };
    const [read, sent] = [await visit(memory, ANN, deps), await post(memory, fields(digest), ANN, deps)];
    expect([read.status, sent.status, count(memory)]).toEqual([403, 403, 2]);
    expect(await read.text()).toContain(`href="/ui/jobs/${ID}"`);
  });

  test('a step that takes no links says so where nobody can sign in', async () => {
    const { memory, digest } = waiting({ proven_by: ['oidc'] });
    expect(await (await visit(memory, ANN)).text()).toContain('This link cannot decide');
    expect([(await post(memory, fields(digest))).status, count(memory)]).toEqual([401, 2]);
  });
});
