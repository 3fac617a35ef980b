import type { HistoryPhase, HistoryTier } from '../../../contracts/context-pack.ts';
import { TrialRecord } from '../../../contracts/registry-card.ts';

/** What the agent works on: trials of the same symbols come first. */
export type About = { symbols: readonly string[] };

const readTrial = (text: string): TrialRecord | null => {
  try {
    return TrialRecord.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    // One unreadable record must not cost an agent its history.
    return null;
  }
};

/** Gates that failed on data the agent may know of. What a holdout said stays as sealed here as in its own job. */
const openFailures = ({ failed }: TrialRecord): string[] => failed.filter((gate) => gate !== 'holdout_degradation');

const summaryOf = (trial: TrialRecord): string => {
  const { type, ...parameters } = trial.strategy;
  const failures = openFailures(trial);
  const verdict = failures.length === 0 ? 'no gate failed in research' : `gates failed in research: ${failures.join(', ')}`;
  const sharpe = trial.sharpe.research === null ? 'undefined' : trial.sharpe.research.toFixed(2);
  return `${trial.name}: ${type} ${JSON.stringify(parameters)} on ${trial.symbols.join(', ')}; ${verdict}; Sharpe ratio ${sharpe}`;
};

const phaseOf = (trial: TrialRecord): HistoryPhase => ({
  run_id: trial.job_id,
  phase_id: 'Gates',
  outcome: openFailures(trial).length === 0 ? 'COMPLETE' : 'FAILED',
  summary: summaryOf(trial),
});

/**
 * Trials as tiers of a history pack: one tier per strategy and symbols, those that share symbols with the agent's work
 * first, then the larger ones. Inside of a tier the order stays: newest first.
 */
export const tiersOf = (texts: readonly string[], { symbols }: About): HistoryTier[] => {
  const trials = texts.map(readTrial).filter((trial) => trial !== null);
  const shared = (of: readonly string[]): number => of.filter((symbol) => symbols.includes(symbol)).length;
  const groups = Map.groupBy(trials, (trial) => `${trial.strategy.type} on ${trial.symbols.toSorted().join(', ')}`);
  return [...groups]
    .map(([name, group]) => ({ name, group, near: Math.max(...group.map((trial) => shared(trial.symbols))) }))
    .toSorted((a, b) => b.near - a.near || b.group.length - a.group.length || (a.name < b.name ? -1 : 1))
    .map(({ name, group }) => ({ name, phases: group.map(phaseOf) }));
};
