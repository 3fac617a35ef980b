import type { Notification } from '../../../contracts/notification.ts';
import { cut } from './inert.ts';
import { layout } from './layout.ts';

/** Amazon SNS: shorter than 100 characters, no line break. */
const MAX_SUBJECT = 99;

export type Email = { subject: string; text: string };

/** Subject and plain text. No markup: nothing in it can be interpreted. */
export const renderEmail = (notification: Notification): Email => {
  const { opening, environment, question, lines, link, footer } = layout(notification);
  const width = Math.max(...lines.map(({ label }) => label.length)) + 2;
  const title = lines.find(({ label }) => label === 'Job')?.text ?? notification.job_id;
  const about = notification.step === null ? title : `${notification.step.replaceAll('_', ' ')} of ${title}`;
  return {
    subject: cut(`[${environment}] ${opening}: ${about}`, MAX_SUBJECT),
    text: [
      question,
      '',
      ...lines.map(({ label, text }) => `${label.padEnd(width)}${text}`),
      '',
      `${link.label}:`,
      link.url,
      '',
      footer,
      '',
    ].join('\n'),
  };
};
