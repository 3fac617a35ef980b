import { html } from 'hono/html';
import type { KillLevel, Switches } from '../../../contracts/switches.ts';
import { exact, visible } from '../model/text.ts';
import type { Html } from './layout.ts';
import { notice } from './parts.ts';

const HELD_OFF: Record<Exclude<KillLevel, 'none'>, string> = {
  stage2: 'Extended contexts are off.',
  stage1: 'Extended contexts, history packs and the other additions to what agents see are off; telemetry goes on.',
  off: 'Everything that is rolled out in stages is off, telemetry too.',
};

const who = ({ by, at, reason }: Switches['kill']): Html =>
  html`<p class="quiet">Set by <bdi>${visible(by ?? 'somebody')}</bdi>${at === null ? '' : html` at <time datetime="${at}">${exact(at)}</time>`}${reason === null ? '' : html`: <bdi>${visible(reason)}</bdi>`}. Release it with <code>holdpoint kill --release</code>.</p>`;

/** Says on every page what the kill switch holds; nothing while it holds nothing. */
export const switchBanner = ({ kill, readable }: Switches): Html | string => {
  if (!readable) {
    return notice(
      'bad',
      'Flags and kill switch cannot be read',
      html`<p>No new job, live model call or external write happens until they can.</p>`,
    );
  }
  const level = kill.level === 'none' ? '' : html`<p>${HELD_OFF[kill.level]}</p>`;
  if (kill.halted) {
    const stopped = html`<p>No new job is taken, no model is called, nothing is written outside of jobs. Jobs wait where they are and go on after the release.</p>`;
    return notice('bad', 'Halted by the kill switch', html`${stopped}${level}${who(kill)}`);
  }
  return kill.level === 'none' ? '' : notice('wait', `Kill switch: ${kill.level}`, html`${level}${who(kill)}`);
};
