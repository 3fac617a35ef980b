import { html } from 'hono/html';
import type { Channel, Notification, OutboxEntry } from '../../../contracts/notification.ts';
import { renderEmail } from '../../lib/notification/email.ts';
import { stepText } from '../../lib/notification/layout.ts';
import { renderSlack } from '../../lib/notification/slack.ts';
import { renderSms } from '../../lib/notification/sms.ts';
import { renderTelegram } from '../../lib/notification/telegram.ts';
import { opening } from '../../lib/notification/words.ts';
import type { OutboxPage } from '../api/outbox.ts';
import { clip, visible } from '../model/text.ts';
import type { Html } from './layout.ts';
import { empty, modeLabels, said, time } from './parts.ts';

const CHANNEL_NAMES: Record<Channel, string> = {
  email: 'e-mail',
  sms: 'SMS',
  slack: 'Slack',
  telegram: 'Telegram',
  webhook: 'webhook',
  outbox: 'this page',
};

const recipient = ({ approver, channel, address }: Notification['to']): Html =>
  html`to ${approver === null ? 'everybody who reads it' : said(approver)}, by ${CHANNEL_NAMES[channel]}${address === 'default' ? '' : html` <code>${address}</code>`}`;

const standing = ({ record, delivery }: OutboxEntry, now: Date): Html => {
  if (delivery.status === 'recorded') return html`<span class="standing wait">Recorded, not sent yet</span>`;
  if (delivery.status === 'dead')
    return html`<span class="standing bad">Not delivered</span> <span class="quiet">given up ${time(delivery.at, now)}</span>`;
  const word = record.notification.to.channel === 'outbox' ? 'Shown here' : 'Sent';
  return html`<span class="standing good">${word}</span> <span class="quiet">${time(delivery.at, now)}</span>`;
};

/** @param link the recipient's own link, where it may be shown */
const linkButton = (notification: Notification, link: string | null): Html | string =>
  link === null ? '' : html`<p><a class="button" href="${link}">Open as ${said(notification.to.approver ?? '')}</a></p>`;

export type ShownEntry = { entry: OutboxEntry; link: string | null };

const row = ({ entry, link }: ShownEntry, now: Date): Html => {
  const { notification, recorded_at } = entry.record;
  return html`<li><a href="/ui/outbox/${entry.name}"><strong>${opening(notification.kind)}: ${visible(notification.question)}</strong></a>
<p>${said(clip(notification.title, 120))}</p>
<p class="line">${standing(entry, now)}<span class="meta">${recipient(notification.to)} · recorded ${time(recorded_at, now)}${notification.expires_at === null ? '' : html` · expires ${time(notification.expires_at, now)}`}</span></p>
${linkButton(notification, link)}</li>`;
};

const NOTHING = empty(
  'Nothing was sent yet',
  html`<p>A job that waits for a signature tells its approvers. <a href="/ui/jobs">Jobs</a> shows what runs, <a href="/ui/approvals">Approvals</a> what waits.</p>`,
);

/** What was sent to whom through what, newest first. */
export const outboxList = (list: OutboxPage, shown: ShownEntry[], query: { job?: string }, now: Date): Html => html`<h1>Outbox</h1>
<p class="prose quiet">${query.job === undefined ? 'Every notification is recorded here before it is sent.' : html`Notifications of job <a href="/ui/jobs/${query.job}"><code>${query.job}</code></a>. <a href="/ui/outbox">All jobs</a>`}</p>
${shown.length === 0 ? NOTHING : html`<ol class="waits">${shown.map((one) => row(one, now))}</ol>`}
${list.more === 0 ? '' : html`<p class="quiet">${list.more} older ones of these jobs are not shown; add <code>?job=</code> and a job's id to the address to see one job's.</p>`}
${list.next_cursor === null ? '' : html`<p class="more"><a href="/ui/outbox?${new URLSearchParams({ cursor: list.next_cursor })}" rel="next">Of older jobs</a></p>`}`;

const pretty = (value: unknown): string => JSON.stringify(value, null, 2);

const preview = (channel: Channel, title: string, text: string, used: Channel): Html =>
  html`<details${channel === used ? html` open` : ''}><summary>${title}${channel === used ? ', as it is sent' : ''}</summary><pre tabindex="0">${visible(text)}</pre></details>`;

const previews = (notification: Notification): Html => {
  const { subject, text } = renderEmail(notification);
  const { channel } = notification.to;
  // The outbox itself shows no text: an e-mail is the nearest to what its reader sees.
  const used = channel === 'outbox' ? 'email' : channel;
  return html`<section class="part"><h2>By channel</h2>
${preview('email', 'E-mail', `Subject: ${subject}\n\n${text}`, used)}${preview('sms', 'SMS', renderSms(notification), used)}${preview('slack', 'Slack', pretty(renderSlack(notification)), used)}${preview('telegram', 'Telegram', renderTelegram(notification), used)}${preview('webhook', 'Webhook', pretty(notification), used)}</section>`;
};

const field = (name: string, value: Html | string, long = false): Html =>
  html`<div${long ? html` class="long"` : ''}><dt>${name}</dt><dd>${value}</dd></div>`;

const attempts = ({ delivery }: OutboxEntry): Html | string => {
  if (delivery.status === 'recorded') return '';
  const again = delivery.round === 0 ? '' : `, in round ${delivery.round + 1}: an earlier sender was lost or not answered`;
  return html`${field('Tries', `${delivery.attempts}${again}`, delivery.round > 0)}${delivery.status === 'dead' ? field('Why not', html`<bdi>${visible(delivery.reason)}</bdi>`, true) : ''}`;
};

/** One notification: where it stands, and what each channel makes of it. Previews never carry the link itself. */
export const outboxEntryPage = ({ entry, link }: ShownEntry, now: Date): Html => {
  const { notification, link_ref, recorded_at } = entry.record;
  const hidden = link_ref === null ? null : new URL('/a/(hidden)', notification.page).href;
  return html`<h1>${opening(notification.kind)}: ${visible(notification.question)}</h1>
<p>${said(notification.title)} ${modeLabels(notification)}</p>
<p class="line">${standing(entry, now)}<span class="meta">${recipient(notification.to)}</span></p>
${linkButton(notification, link)}
<dl class="fields">${field('Job', html`<a href="/ui/jobs/${notification.job_id}"><code>${notification.job_id}</code></a>`)}${field('Asked by', said(notification.submitted_by))}${notification.step === null ? '' : field('Step', stepText(notification) ?? '')}${field('Recorded', time(recorded_at, now))}${notification.expires_at === null ? '' : field('Expires', time(notification.expires_at, now))}${attempts(entry)}</dl>
${previews({ ...notification, link: hidden })}
<p><a href="/ui/outbox">Outbox</a> · <a href="/ui/outbox?job=${notification.job_id}">All about this job</a></p>`;
};
