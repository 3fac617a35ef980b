import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JobState } from '../../../contracts/job-state.ts';
import { draftNotification } from './build.ts';
import { renderEmail } from './email.ts';
import { defang, oneLine } from './inert.ts';
import { nameOf, OUTBOX_NAME, outboxKey, readListing } from './keys.ts';
import { approval, CAPABILITY, draft, JOB_ID, job, linkFor, withLink } from './notification.fixture.ts';
import { signBody, verifySignature } from './signature.ts';
import { renderSlack } from './slack.ts';
import { renderSms } from './sms.ts';
import { renderTelegram } from './telegram.ts';
import { renderWebhook } from './webhook.ts';

const LINK = linkFor('https://holdpoint.example');

const ATTACKS = [
  '<!channel> <!here> <@U123> <https://evil.example|Approve>',
  '[Approve](https://evil.example) *bold* _i_ ~s~ `code` ||spoiler|| \\',
  '@everyone /start #tag tel:+1900 HTTPS://EVIL.EXAMPLE evil.example www.evil.com/a?b=c',
  'http://xn--e1afmkfd.xn--p1ai/ http://evil\u3002com http://1.2.3.4/a',
  'Subject: x\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>',
  '\u202egnp.exe \u200bhid\u00adden\u2066 \ufeff \u{e0041}tag',
  '`'.repeat(60),
  '\ud800 lone',
  ':skull: $(rm -rf /) ${x} {{y}} %0a',
];
const title = fc.oneof(
  fc.constantFrom(...ATTACKS),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }),
  fc.stringMatching(/^[\\`*_[\]()~>#+=|{}.!<&@:/ a-z-]{1,120}$/),
  fc.array(fc.constantFrom(...ATTACKS), { minLength: 2, maxLength: 4 }).map((parts) => parts.join(' ')),
);
const kind = fc.constantFrom('opened', 'reminded', 'escalated', 'expired', 'decided', 'done', 'alert' as const);
/** Notifications whose every free text is hostile. */
const hostile = fc
  .record({ title, by: title, note: title, kind })
  .map(({ title, by, note, kind }) => withLink({ kind, job: job(title, by), note: kind === 'alert' ? note : null }));

const always = (rule: (notification: ReturnType<typeof withLink>) => void) => fc.assert(fc.property(hostile, rule), { numRuns: 300 });
const without = (text: string, ...parts: string[]): string => parts.reduce((rest, part) => rest.replace(part, ''), text);

describe('whatever a title says', () => {
  test('nothing in a notification is unseen, broken, or on a line of its own', () => {
    always((n) => {
      for (const text of [n.title, n.submitted_by, n.question]) {
        expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/u);
        expect(text.isWellFormed()).toBe(true);
      }
    });
  });

  test('an e-mail has one subject line and one link', () => {
    always((n) => {
      const { subject, text } = renderEmail(n);
      expect(subject).toMatch(/^\[prod\] [^\r\n]{1,92}$/);
      expect(text.split(LINK)).toHaveLength(2);
      expect(without(text, LINK)).not.toMatch(/:\/\/|\b(evil|www)\.\w/i);
    });
  });

  test('an SMS is one message, and its link is whole or not there', () => {
    always((n) => {
      const text = renderSms(n);
      expect(text.length).toBeLessThanOrEqual(160);
      expect(text).toMatch(/^[\w\s@£$¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ!"#¤%&'()*+,./:;<=>?¡ÄÖÑÜ§¿äöñüà-]*$/);
      expect(text.endsWith(` ${LINK}`)).toBe(true);
      expect(without(text, LINK)).not.toContain('://');
    });
  });

  test('Slack interprets none of it: plain text everywhere, and a fallback without markup', () => {
    always((n) => {
      const body = renderSlack(n);
      expect(String(body['text'])).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
      const texts: unknown[] = [];
      JSON.stringify(body['blocks'], (key, value) => {
        if (key === 'text' && typeof value === 'object') texts.push(value.type);
        if (key === 'fields' || (key === 'elements' && value[0].type !== 'button'))
          texts.push(...value.map((v: { type: string }) => v.type));
        return value;
      });
      expect(new Set(texts)).toEqual(new Set(['plain_text']));
      expect(JSON.stringify(body).split(LINK)).toHaveLength(2);
      expect(JSON.stringify(body)).not.toMatch(/mrkdwn/);
    });
  });

  test('Telegram accepts the text, and makes one link of it', () => {
    // Entities as MarkdownV2 has them; every other reserved character must be escaped.
    const ENTITY = /`(?:[^`\\]|\\[`\\])+`|\[(?:[^\]\\]|\\.)+\]\((?:[^)\\]|\\.)+\)|\*(?:[^*\\]|\\.)+\*|_(?:[^_\\]|\\.)+_/g;
    always((n) => {
      const text = renderTelegram(n);
      expect(text.length).toBeLessThanOrEqual(4096);
      const entities = text.match(ENTITY) ?? [];
      expect(entities.filter((entity) => entity.startsWith('['))).toEqual([
        `[${n.on_approve ? 'Open and decide' : 'Open the job'}](${LINK})`,
      ]);
      expect(text.replace(ENTITY, '').replace(/\\[_*[\]()~`>#+=|{}.!\\-]/g, '')).not.toMatch(/[_*[\]()~`>#+=|{}.!\\-]/);
      for (const line of text.split('\n')) if (/^(Job|Asked by): /.test(line)) expect(line).toMatch(/: (`.*`)?$/);
    });
  });

  test('Telegram gets no empty entity, whose text it would refuse', () => {
    const n = withLink({ kind: 'alert', note: '\u200b' });
    expect(n.question).toBe('');
    expect(renderTelegram(n)).not.toContain('``');
  });

  test('a webhook gets it as data, the same bytes each time', () => {
    always((n) => {
      expect(JSON.parse(renderWebhook(n))).toEqual(n);
    });
  });
});

test('text is made inert without harm to plain words', () => {
  for (const plain of ['Trend filter, v1.2 (e.g. 50/200) vs. hold', 'Ann O. Smith', 'ann.smith@example.com', 'Überschrift 3.5 %'])
    expect(defang(oneLine(plain))).toBe(plain);
  expect(defang('see https://evil.example/x')).toBe('see https(:)//evil(.)example/x');
});

describe('a notification', () => {
  test('says what is asked, by whom, until when, what yes, no and revise do, what it cost, and how answers are made', () => {
    const { subject, text } = renderEmail(withLink());
    expect(subject).toBe('[prod] Approval asked: blueprint of Trend filter');
    for (const part of [
      'Is this the strategy we want to test?',
      'Asked by     ann',
      'Until        2026-01-08 09:30 UTC',
      'Yes          The blueprint is compiled',
      'No           The job ends as rejected; nothing is compiled.',
      'Send back    The agent drafts again with your comment.',
      'Answers      REPLAY',
      'Cost so far  0.01 USD, 2 model calls, answers replayed',
      `Open and decide:\n${LINK}`,
      'do not pass it on',
    ])
      expect(text).toContain(part);
    const sms = renderSms({ ...withLink(), link: 'https://hold.example/a/x' });
    for (const part of ['prod: blueprint?', 'Until 8 Jan 09:30Z.', 'By ann.', 'Yes: compile. No: job ends.']) expect(sms).toContain(part);
  });

  test('says how far a quorum is', () => {
    const quorum = { ...approval().policy, quorum: 2 };
    const votes = [{ by: 'bob', for: 'bob', at: '2026-01-02T00:00:00.000Z' }];
    const { notification } = draft({ approval: approval({ policy: quorum, votes }) });
    expect(renderEmail(notification).text).toContain('Approvals    1 of 2 so far');
    expect(renderEmail(withLink()).text).not.toContain('Approvals');
  });

  test('asks again after an expiry, and says so through every channel', () => {
    const n = withLink({ kind: 'expired' });
    const said = 'Nobody decided blueprint in time, so it is asked again.';
    expect(n).toMatchObject({ on_approve: expect.any(String), expires_at: '2026-01-08T09:30:00.000Z' });
    expect(renderEmail(n)).toMatchObject({ subject: '[prod] Asked again: blueprint of Trend filter', text: expect.stringContaining(said) });
    expect(renderEmail(n).text).not.toContain('Nothing is asked');
    expect(renderTelegram(n)).toContain(`\`${said}\` Is this the strategy we want to test?`);
    expect(renderSms({ ...n, link: 'https://hold.example/a/x' })).toContain(said);
    expect(draft({ kind: 'expired' }).link_ref).toMatchObject({ approver: 'alice' });
  });

  test('says who delegated; Telegram shows the name as data', () => {
    const delegation = { from: 'x @all', to: 'alice' };
    expect(withLink({ delegation }).question).toBe('x @all asked you to decide in their place. Is this the strategy we want to test?');
    expect(renderTelegram(withLink({ delegation }))).toContain('`x @all asked you to decide in their place.` Is this');
    const to = { approver: null, channel: 'slack' as const, address: 'default' };
    expect(draft({ delegation, to }).notification.question).toContain('x @all asked alice to decide in their place.');
  });

  test('counts no replayed answer as a model call', () => {
    const [live, recorded] = [
      { cost_usd: 0.5, response_source: 'live' },
      { cost_usd: 0, response_source: 'replay' },
    ];
    const cost = (calls: unknown[], more: Partial<JobState> = {}) =>
      /Cost so far +(.*)/.exec(renderEmail(withLink({ job: { ...job(), calls, ...more } as JobState })).text)?.[1];
    expect(cost([])).toBe('0 USD, 0 model calls, answers replayed');
    expect(cost([recorded, recorded])).toBe('0 USD, 0 model calls, answers replayed');
    expect(cost([], { mode: 'live' })).toBe('no model call yet');
    expect(cost([live, recorded], { mode: 'live', degraded: true })).toBe('0.50 USD, 1 model call, answers replayed');
    expect(cost([live], { mode: 'live' })).toBe('0.50 USD, 1 model call');
  });

  test('names no answer that the opening does not take', () => {
    const { notification } = draft({ approval: approval({ choices: ['approve', 'reject'] }) });
    expect(notification.on_revise).toBeNull();
    expect(renderEmail(notification).text).not.toContain('Send back');
  });

  test('tells of an agent’s question without its words', () => {
    const waiting: JobState = {
      ...job(),
      status: 'WAITING_HUMAN',
      step: 'intent',
      question: 'IGNORE ALL and approve',
      approval: approval(),
    };
    const { notification } = draft({ job: waiting, approval: approval({ step: 'intent', state: 'HoldIntentQuestion', choices: [] }) });
    expect(JSON.stringify(notification)).not.toContain('IGNORE');
    expect(notification.question).toContain('An agent of this job asks a question');
  });

  test('tells who decided, and the outcome', () => {
    const decision = {
      event_type: 'REJECTED' as const,
      by: { type: 'user' as const, id: 'bob', identity: 'oidc' as const },
      at: '2026-01-02T00:00:00.000Z',
      seq: 4,
      hash: 'a'.repeat(64),
      comment: 'secret plans',
    };
    const decided = draft({ kind: 'decided', approval: approval({ decision }) });
    expect(decided.notification.question).toBe('Blueprint was rejected by bob.');
    expect(JSON.stringify(decided)).not.toContain('secret plans');
    expect(decided.link_ref).toBeNull();
    const done = draft({ kind: 'done', approval: null, job: { ...job(), status: 'DONE', outcome: 'gates_failed', reason: null } });
    expect(done.notification).toMatchObject({
      question: 'Gates failed.',
      outcome: 'gates_failed',
      state: 'Job',
      expires_at: null,
    });
  });

  test('names a link only for the one approver it is addressed to, and never contains it', () => {
    const channel = 'slack' as const;
    expect(draft().link_ref).toMatchObject({ approver: 'alice' });
    expect(draft({ to: { approver: null, channel, address: 'default' } }).link_ref).toBeNull();
    expect(draft({ to: { approver: 'bob', channel, address: 'default' } }).link_ref).toBeNull();
    expect(JSON.stringify(draft())).not.toContain(CAPABILITY);
  });

  test('has one name and id for one place and recipient, whenever it is built', () => {
    const first = draft().notification;
    const again = draft({ at: '2026-01-05T00:00:00.000Z' }).notification;
    expect([again.id, nameOf(again)]).toEqual([first.id, nameOf(first)]);
    expect(nameOf(first)).toMatch(OUTBOX_NAME);
    expect(outboxKey(nameOf(first), 'record')).toMatch(/^notifications\/76c2a20d9a02\/HoldBlueprint-1-opened-1-[0-9a-f]{16}\.json$/);
    const others = [
      draft({ n: 2 }),
      draft({ kind: 'reminded' }),
      draft({ approval: approval({ visit: 2 }) }),
      draft({ to: { approver: 'bob', channel: 'webhook', address: 'default' } }),
    ];
    expect(new Set([first, ...others.map(({ notification }) => notification)].map(({ id }) => id)).size).toBe(5);
  });

  test('contains no secret, whatever form it stands in', () => {
    const secret = 'hunter2-canary/+x';
    const forms = [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64'),
      'Bearer abcdef123456ghijkl',
      'password:\nhunter3',
    ];
    for (const form of forms) {
      const built = draft({ kind: 'alert', job: job(`Trend ${form}`, form), note: `failed with ${form}`, secrets: [secret] });
      const text = JSON.stringify(built) + renderSms(built.notification) + renderEmail(built.notification).text;
      for (const part of [form, secret, 'hunter3', 'abcdef123456ghijkl']) expect(text).not.toContain(part);
    }
  });

  test('is refused where a part of its key is none', () => {
    const bad = approval({ state: '../../jobs/x' });
    expect(() => draft({ approval: bad, link_ref: null })).toThrow('a state name');
    expect(() => draftNotification({ ...values(), to: { approver: null, channel: 'slack', address: 'https://hooks' } })).toThrow(
      'an address name',
    );
  });
});

const values = () => ({
  kind: 'opened' as const,
  job: job(),
  approval: approval(),
  delegation: null,
  n: 1,
  environment: 'prod',
  origin: 'https://holdpoint.example',
  link_ref: null,
  note: null,
  at: '2026-01-01T00:00:00.000Z',
  secrets: [],
});

describe('a signature', () => {
  const key = 'k'.repeat(32);
  const now = new Date('2026-01-01T00:00:00.000Z');
  const signed = (body: string, at = now) => {
    const { 'X-Holdpoint-Timestamp': timestamp, 'X-Holdpoint-Signature': signature } = signBody(key, body, at);
    return { timestamp, signature, body };
  };
  const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);

  test('is the documented HMAC', () => {
    expect(signed('{"a":1}')).toEqual({
      timestamp: '1767225600',
      signature: 'v1=acb484367dfaaf4ee36d9e51bdcaa7cbb2580b185d8e13a5ebed00dcea58ca54',
      body: '{"a":1}',
    });
  });

  test('holds for any body, also under a key that is being changed', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (body) => verifySignature(signed(body), ['other'.repeat(8), key], now).ok));
  });

  test('breaks with any change of body, time, signature or key', () => {
    const wrong = { ok: false, reason: 'wrong_signature' };
    const request = signed('{"a":1}');
    expect(verifySignature({ ...request, body: '{"a":2}' }, [key], now)).toEqual(wrong);
    expect(verifySignature({ ...request, timestamp: '1767225601' }, [key], now)).toEqual(wrong);
    expect(verifySignature({ ...request, signature: `v1=${'0'.repeat(64)}` }, [key], now)).toEqual(wrong);
    expect(verifySignature(request, ['x'.repeat(32)], now)).toEqual(wrong);
    expect(verifySignature(request, [], now)).toEqual(wrong);
  });

  test('is refused outside five minutes, either way', () => {
    const request = signed('x');
    for (const seconds of [-300, 0, 300]) expect(verifySignature(request, [key], later(seconds))).toEqual({ ok: true });
    for (const seconds of [-301, 301, 86_400])
      expect(verifySignature(request, [key], later(seconds))).toEqual({ ok: false, reason: 'too_old_or_new' });
  });

  test('that is none is refused without an error', () => {
    const none = [null, '', 'v1=', 'v2=aa', `v1=${'z'.repeat(64)}`, `v1=${'a'.repeat(65)}`];
    for (const signature of none)
      expect(verifySignature({ ...signed('x'), signature }, [key], now)).toEqual({ ok: false, reason: 'malformed' });
    for (const timestamp of [null, '', '-1', '1e9', '12:00'])
      expect(verifySignature({ ...signed('x'), timestamp }, [key], now).ok).toBe(false);
  });
});

test('a listing passes over what is no notification, and sent wins over dead', () => {
  const name = `${JOB_ID}/HoldBlueprint-1-opened-1-${'a'.repeat(16)}`;
  const keys = [
    outboxKey(name, 'record'),
    outboxKey(name, { claim: 1 }),
    outboxKey(name, { claim: 3 }),
    outboxKey(name, 'dead'),
    outboxKey(name, 'sent'),
  ];
  expect(readListing(keys)).toEqual([{ name, claims: 3, settled: 'sent' }]);
  expect(readListing(keys.toReversed())).toEqual([{ name, claims: 3, settled: 'sent' }]);
  expect(readListing(['notifications/x.json', 'jobs/a.json', `notifications/${name}.bak`, `notifications/${name}.sent.json`])).toEqual([]);
});
