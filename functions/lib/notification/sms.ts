import type { Notification } from '../../../contracts/notification.ts';
import type { ApprovalStep } from '../../../contracts/steps.ts';
import { cut } from './inert.ts';
import { layout } from './layout.ts';
import { asks, partsOf } from './words.ts';

/** One message of the GSM 03.38 alphabet; any other character would make it 70. */
export const SMS_MAX = 160;

const GSM =
  /^[@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà-]*$/;
const fits = (text: string): boolean => text.length <= SMS_MAX && GSM.test(text);

/** Answers in as few words as a phone's message has room for. */
const SHORT: Record<ApprovalStep, string> = {
  llm_live_confirm: 'Yes: live calls. No: job ends.',
  agent_output_invalid: 'Yes: use it. No: job ends.',
  blueprint: 'Yes: compile. No: job ends.',
  runspec: 'Yes: run it. No: job ends.',
  budget_escalation: 'Yes: raise it. No: job stops.',
  stage_1: 'Yes: enter. No: roll back.',
  stage_2: 'Yes: enter. No: roll back.',
  stage_3: 'Yes: enter. No: roll back.',
};
const answers: Record<string, string> = SHORT;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `8 Jan 09:30Z`. */
const shortTime = (at: string): string => `${Number(at.slice(8, 10))} ${MONTHS[Number(at.slice(5, 7)) - 1]} ${at.slice(11, 16)}Z`;

const head = ({ kind, environment, step, outcome, job_id }: Notification): string => {
  const what = step?.replaceAll('_', ' ') ?? `job ${job_id}`;
  const place = `Holdpoint ${environment.slice(0, 21)}:`;
  if (asks(kind)) return `${place} ${what}?`;
  return kind === 'done' ? `${place} job ${job_id} done, ${outcome?.replaceAll('_', ' ') ?? ''}` : `${place} ${what} ${kind}.`;
};

/** The least room worth a piece of a title. */
const MIN_TITLE = 12;

/**
 * At most 160 characters that make one message. What finds no room is left out, the least needed first: title, answers,
 * asker, expiry, why it is this reader who is asked. A link is never cut: one that finds no room is left out whole.
 */
export const renderSms = (notification: Notification): string => {
  const { kind, step, expires_at, job_id } = notification;
  const { lines, link, question } = layout(notification);
  const textOf = (label: string): string => lines.find((line) => line.label === label)?.text ?? '';
  const end = fits(`${head(notification)} ${link.url}`) ? ` ${link.url}` : '';
  const { said } = partsOf({ step, question });
  const wanted = [
    asks(kind) && said !== '' ? ` ${said}` : '',
    expires_at === null ? '' : ` Until ${shortTime(expires_at)}.`,
    asks(kind) ? ` By ${textOf('Asked by')}.` : '',
    asks(kind) ? ` ${answers[step ?? ''] ?? ''}`.trimEnd() : '',
    ` Job ${job_id}.`,
  ];
  const start = wanted.reduce((text, more) => (fits(text + more + end) ? text + more : text), head(notification));
  const room = SMS_MAX - start.length - end.length - 3;
  const title = ` "${cut(textOf('Job'), room).replace('…', '.')}"`;
  return room >= MIN_TITLE && fits(start + title + end) ? start + title + end : start + end;
};
