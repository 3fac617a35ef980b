import type { Notification } from '../../../contracts/notification.ts';
import { cut } from './inert.ts';
import { layout } from './layout.ts';

/** `plain_text` is never interpreted: no mention, no markup, no emoji by name. */
const plain = (text: string, max: number) => ({ type: 'plain_text', text: cut(text, max), emoji: false });

/** The three characters that Slack interprets in a message's `text`. https://docs.slack.dev/messaging/formatting-message-text */
const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Limits of Block Kit. */
const MAX = { header: 150, section: 3000, field: 2000, button: 75 };
const WIDE = new Set(['Yes', 'No', 'Send back']);

/** Body for an incoming webhook: Block Kit, with a fallback for clients that show text only. Links are not unfurled. */
export const renderSlack = (notification: Notification): Record<string, unknown> => {
  const { opening, environment, question, lines, link, footer } = layout(notification);
  const shown = lines.map(({ label, text }) => ({ wide: WIDE.has(label), text: `${label}: ${text}` }));
  const answers = shown.filter(({ wide }) => wide).map(({ text }) => text);
  return {
    text: escape(`${opening} in ${environment}: ${question}`),
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'header', text: plain(`${opening} in ${environment}`, MAX.header) },
      { type: 'section', text: plain(question, MAX.section) },
      { type: 'section', fields: shown.filter(({ wide }) => !wide).map(({ text }) => plain(text, MAX.field)) },
      ...(answers.length === 0 ? [] : [{ type: 'section', text: plain(answers.join('\n'), MAX.section) }]),
      { type: 'actions', elements: [{ type: 'button', text: plain(link.label, MAX.button), url: link.url }] },
      { type: 'context', elements: [plain(footer, MAX.field)] },
    ],
  };
};
