import * as z from 'zod';
import { AddressRef, type Channel, DEFAULT_ADDRESS } from '../../contracts/notification.ts';
import { isLoopback } from '../model/network.ts';

const httpUrl = z.url().refine((text) => {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && isLoopback(text)));
}, 'must be an https URL without user or password (http only to this machine)');
const topicArn = z.string().regex(/^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}$/, 'must be the ARN of an SNS topic');
const botToken = z.string().regex(/^\d{3,20}:[A-Za-z0-9_-]{20,64}$/, 'must be a bot token: digits, ":" and 20-64 letters');
const chatId = z.string().regex(/^(-?\d{1,20}|@[A-Za-z0-9_]{4,64})$/, 'must be a chat id: digits, or "@" and a name');
const phone = z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a number such as +15551234567');
const signingKey = z.string().min(32, 'must be at least 32 characters').max(512);

/** Whether one approver alone reads it: only there a personal link is sent. */
const personal = z.boolean().default(false);

/** Where a channel leads. Numbers, URLs, tokens and keys are secrets. */
export const Address = z.discriminatedUnion('channel', [
  /** A topic's subscribers, by e-mail and SMS alike. */
  z.strictObject({ channel: z.literal('email'), topic_arn: topicArn, personal }),
  z.strictObject({ channel: z.literal('sms'), phone, personal }),
  z.strictObject({ channel: z.literal('slack'), url: httpUrl, personal }),
  z.strictObject({
    channel: z.literal('telegram'),
    token: botToken,
    chat_id: chatId,
    base_url: httpUrl.default('https://api.telegram.org'),
    personal,
  }),
  z.strictObject({ channel: z.literal('webhook'), url: httpUrl, key: signingKey, personal }),
]);
export type Address = z.infer<typeof Address>;
export type AddressOf<C extends Address['channel']> = Extract<Address, { channel: C }>;

export type NotifyConfig = {
  /** By name, as recipients name them. */
  addresses: ReadonlyMap<string, Address>;
  /** Tests reach servers on this machine only. */
  network: 'allowed' | 'loopback';
};

/** Addresses of different channels may have the same name. */
export const addressName = (channel: Channel, ref: string): string => `${channel}/${ref}`;

/** Variables that notifications read, with what they mean. All of them are optional. */
export const NOTIFY_VARIABLES = {
  HOLDPOINT_NOTIFY_TOPIC_ARN: 'SNS topic of the environment: its subscribers are told by e-mail or SMS.',
  HOLDPOINT_NOTIFY_WEBHOOK_URL: 'Address of a signed webhook.',
  HOLDPOINT_NOTIFY_WEBHOOK_KEY: 'Key that signs it, at least 32 characters.',
  HOLDPOINT_NOTIFY_ADDRESSES: 'More addresses, as JSON by channel and name: {"sms/alice": {"phone": "+1…", "personal": true}}.',
  SLACK_WEBHOOK_URL: 'Incoming webhook of a Slack channel.',
  TELEGRAM_BOT_TOKEN: 'Token of a Telegram bot.',
  TELEGRAM_CHAT_ID: 'Chat the bot writes to.',
} as const;
type Name = keyof typeof NOTIFY_VARIABLES;
type Variables = Readonly<Record<string, string | undefined>>;

/** The variables that make up each channel's default address, and the member each becomes. */
const DEFAULTS: [Address['channel'], [Name, string][]][] = [
  ['email', [['HOLDPOINT_NOTIFY_TOPIC_ARN', 'topic_arn']]],
  [
    'webhook',
    [
      ['HOLDPOINT_NOTIFY_WEBHOOK_URL', 'url'],
      ['HOLDPOINT_NOTIFY_WEBHOOK_KEY', 'key'],
    ],
  ],
  ['slack', [['SLACK_WEBHOOK_URL', 'url']]],
  [
    'telegram',
    [
      ['TELEGRAM_BOT_TOKEN', 'token'],
      ['TELEGRAM_CHAT_ID', 'chat_id'],
    ],
  ],
];

/** An empty variable counts as unset. */
const textOf = (variables: Variables, name: Name): string | undefined => variables[name]?.trim() || undefined;

/** What is wrong, by member; never the value, which is a secret. */
const complaints = (error: z.ZodError, nameOf: (member: string) => string): string[] =>
  error.issues.map((issue) => `${nameOf(issue.path.map(String).join('/'))} (value hidden): ${issue.message}`);

type Found = { addresses: [string, Address][]; problems: string[] };

const defaultOf = (variables: Variables, [channel, members]: (typeof DEFAULTS)[number]): Found => {
  const given = members.map(([name, member]) => [member, textOf(variables, name)] as const);
  if (given.every(([, value]) => value === undefined)) return { addresses: [], problems: [] };
  const missing = members.filter((_, i) => given[i]?.[1] === undefined).map(([name]) => `${name} is missing: the other of the two is set`);
  if (missing.length > 0) return { addresses: [], problems: missing };
  const parsed = Address.safeParse({ channel, ...Object.fromEntries(given) });
  if (parsed.success) return { addresses: [[addressName(channel, DEFAULT_ADDRESS), parsed.data]], problems: [] };
  const nameOf = (member: string) => members.find(([, known]) => known === member)?.[0] ?? member;
  return { addresses: [], problems: complaints(parsed.error, nameOf) };
};

const LISTED = 'HOLDPOINT_NOTIFY_ADDRESSES';
const Listed = z.record(z.string(), z.record(z.string(), z.unknown()));

const listedOne = (name: string, members: Record<string, unknown>): Found => {
  const [channel = '', ref = ''] = name.split('/');
  if (!AddressRef.safeParse(ref).success)
    return { addresses: [], problems: [`${LISTED} has ${JSON.stringify(name)}: names are "<channel>/<name>", such as "sms/alice"`] };
  const parsed = Address.safeParse({ ...members, channel });
  if (parsed.success) return { addresses: [[name, parsed.data]], problems: [] };
  return { addresses: [], problems: complaints(parsed.error, (member) => `${LISTED} "${name}" ${member}`) };
};

const listed = (variables: Variables): Found[] => {
  const text = textOf(variables, LISTED);
  if (text === undefined) return [];
  try {
    return Object.entries(Listed.parse(JSON.parse(text))).map(([name, members]) => listedOne(name, members));
  } catch {
    // The parser's own message would quote the secret.
    return [{ addresses: [], problems: [`${LISTED} (value hidden): must be a JSON object of objects`] }];
  }
};

/**
 * Addresses from variables, or from a secret with members of the same names.
 * @throws Error naming every bad variable and what is allowed, never a value
 */
export const readNotifyConfig = (variables: Variables): NotifyConfig => {
  const found = [...DEFAULTS.map((one) => defaultOf(variables, one)), ...listed(variables)];
  const problems = found.flatMap((one) => one.problems);
  if (problems.length > 0) throw new Error(`bad configuration of notifications:\n  ${problems.join('\n  ')}`);
  return { addresses: new Map(found.flatMap((one) => one.addresses)), network: variables['VITEST'] ? 'loopback' : 'allowed' };
};

const OPEN_MEMBERS = new Set(['channel', 'personal', 'base_url', 'topic_arn']);

/** Every value that must not be seen: to be redacted wherever text leaves. */
export const notifySecrets = ({ addresses }: NotifyConfig): string[] =>
  [...addresses.values()].flatMap((address) =>
    Object.entries(address).flatMap(([member, value]) => (typeof value === 'string' && !OPEN_MEMBERS.has(member) ? [value] : [])),
  );
