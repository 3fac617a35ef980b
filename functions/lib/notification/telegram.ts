import type { Notification } from '../../../contracts/notification.ts';
import { type Line, layout } from './layout.ts';
import { partsOf } from './words.ts';

// https://core.telegram.org/bots/api#markdownv2-style: what must be escaped, outside code and within.
const escape = (text: string): string => text.replace(/[_*[\]()~`>#+\-=|{}.!\\]/g, '\\$&');
/** Nothing for nothing: Telegram refuses an empty code entity. */
const code = (text: string): string => (text === '' ? '' : `\`${text.replace(/[`\\]/g, '\\$&')}\``);
const address = (url: string): string => url.replace(/[)\\]/g, '\\$&');

/** Text of people stands in code: there Telegram makes neither links nor mentions, commands nor tags. */
const value = ({ text, by }: Line): string => (by === 'people' ? code(text) : escape(text));

/** MarkdownV2, below Telegram's 4,096 characters. */
export const renderTelegram = (notification: Notification): string => {
  const { opening, environment, question, lines, link, footer } = layout(notification);
  const { said, asked } = partsOf({ ...notification, question });
  return [
    `*${escape(`${opening} in ${environment}`)}*`,
    // What happened may name a person: as code it mentions nobody.
    [code(said), escape(asked)].filter(Boolean).join(' '),
    '',
    ...lines.map((line) => `${escape(line.label)}: ${value(line)}`),
    '',
    `[${escape(link.label)}](${address(link.url)})`,
    `_${escape(footer)}_`,
  ].join('\n');
};
