import type { Notification } from '../../../contracts/notification.ts';
import { cut, defang, oneLine } from './inert.ts';
import { asks, opening } from './words.ts';

/** `people`: written by a person, so shown as data even where our own words are marked up. */
export type Line = { label: string; text: string; by: 'us' | 'people' };

/** What every channel shows, before the channel's own escaping: one line each, no text that could become a link. */
export type Layout = {
  opening: string;
  environment: string;
  question: string;
  lines: Line[];
  link: { label: string; url: string };
  /** What the reader must know of the link. */
  footer: string;
};

/** `2026-01-08 09:30 UTC`. */
export const minute = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;

/** A replayed answer is no call. */
const costText = ({ mode, degraded, cost: { calls, usd } }: Notification): string => {
  const amount = usd === null ? 'unknown' : `${usd.toFixed(usd !== 0 && usd < 0.01 ? 4 : 2)} USD`;
  const replayed = mode === 'replay' || degraded ? ', answers replayed' : '';
  if (calls === 0 && usd === 0) return replayed ? `0 USD, 0 model calls${replayed}` : 'no model call yet';
  return `${amount}, ${calls} model ${calls === 1 ? 'call' : 'calls'}${replayed}`;
};

/** The step in words; a second entry is told from the first. */
export const stepText = ({ step, visit }: Pick<Notification, 'step' | 'visit'>): string | null =>
  step === null ? null : `${step.replaceAll('_', ' ')}${visit > 1 ? ` (asked for the ${visit}. time)` : ''}`;

/** How far a quorum is; nothing where one person decides. */
const votesText = ({ votes }: Notification): string | null =>
  votes === null || votes.needed === 1 ? null : `${votes.given} of ${votes.needed} so far`;

/** The mode as a word that cannot be missed. */
export const modeText = ({ mode, degraded }: Pick<Notification, 'mode' | 'degraded'>): string =>
  `${mode.toUpperCase()}${degraded ? ', DEGRADED' : ''}`;

const FOOTER = {
  personal: 'This link is yours alone: do not pass it on. Opening it decides nothing; the page asks for your answer.',
  page: 'Opening the page decides nothing; it asks who you are, then for your answer.',
  told: 'Nothing is asked of you.',
};

const MAX_TEXT = 200;
const MAX_QUESTION = 300;

/** @param notification with its link where the reader may have it */
export const layout = (notification: Notification): Layout => {
  const { kind, environment, title, job_id, submitted_by, on_approve, on_reject, on_revise, expires_at, link, page } = notification;
  const line = (label: string, text: string | null, by: Line['by'] = 'us'): Line[] =>
    text === null ? [] : [{ label, text: cut(defang(oneLine(text)), MAX_TEXT), by }];
  const decide = asks(kind);
  return {
    opening: opening(kind),
    environment,
    question: cut(defang(oneLine(notification.question)), MAX_QUESTION),
    lines: [
      ...line('Job', title, 'people'),
      ...line('Job id', job_id),
      ...line('Asked by', submitted_by, 'people'),
      ...line('Step', stepText(notification)),
      ...line('Until', expires_at === null ? null : minute(expires_at)),
      ...line('Approvals', votesText(notification)),
      ...line('Yes', on_approve),
      ...line('No', on_reject),
      ...line('Send back', on_revise),
      ...line('Answers', modeText(notification)),
      ...line('Cost so far', costText(notification)),
    ],
    link: { label: decide ? 'Open and decide' : 'Open the job', url: link ?? page },
    footer: decide ? FOOTER[link === null ? 'page' : 'personal'] : FOOTER.told,
  };
};
