import type { RolloutTarget } from '../../../contracts/job-spec.ts';
import { CRITERIA, type CriterionId, type JudgedCriterion, type Limit } from '../../../contracts/rollout.ts';
import type { StageStanding } from '../../../contracts/rollout-http.ts';

export type Tone = 'good' | 'bad' | 'wait' | 'run' | null;

/** Where a stage stands, in words and tone. */
export const STANDINGS: { readonly [S in StageStanding]: { words: string; tone: Tone } } = {
  ahead: { words: 'ahead', tone: null },
  waiting: { words: 'waits for a person', tone: 'wait' },
  running: { words: 'running', tone: 'run' },
  passed: { words: 'passed', tone: 'good' },
  breached: { words: 'breached', tone: 'bad' },
  rolled_back: { words: 'rolled back', tone: 'bad' },
  stopped: { words: 'stopped', tone: 'bad' },
  not_entered: { words: 'not entered', tone: null },
  not_planned: { words: 'not part of it', tone: null },
};

export const VERDICTS: { readonly [V in JudgedCriterion['verdict']]: { words: string; tone: Tone } } = {
  met: { words: 'met', tone: 'good' },
  warned: { words: 'warned', tone: 'wait' },
  breached: { words: 'breached', tone: 'bad' },
  not_applicable: { words: 'not applicable', tone: null },
};

const SHARES: readonly CriterionId[] = ['success_rate', 'success_drop', 'doctor_avoidance'];

/** `0.953` → `95.3 %`. */
export const percent = (share: number): string => `${Math.round(share * 1000) / 10}\u00a0%`;

/** What was found of a criterion; shares in percent. */
export const valueText = (id: CriterionId, value: number | null): string => {
  if (value === null) return '–';
  return SHARES.includes(id) ? percent(value) : value.toLocaleString('en-US', { maximumFractionDigits: 2 });
};

/** `at most 10 %, warns above 5 %`. */
export const limitText = (id: CriterionId, { warn, stop }: Limit): string => {
  const [must, beyond] = CRITERIA[id].at === 'most' ? ['at most', 'above'] : ['at least', 'below'];
  return `${must} ${valueText(id, stop)}${warn === undefined ? '' : `, warns ${beyond} ${valueText(id, warn)}`}`;
};

/** `telemetry = true`. */
export const settingText = (name: string, value: unknown): string => `${name} = ${value === null ? 'unset' : JSON.stringify(value)}`;

export const settingsText = (settings: Readonly<Record<string, unknown>>): string =>
  Object.entries(settings)
    .map(([name, value]) => settingText(name, value))
    .join(', ') || 'none';

export const targetText = (target: RolloutTarget): string =>
  target.kind === 'features' ? 'the features of the system' : settingsText(target.set);
