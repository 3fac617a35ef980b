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

/** No figure and no day of a holdout, and no gate that rests on one: they are as sealed here as in their own job. */
const summaryOf = ({ name, strategy, symbols, passed, sharpe }: TrialRecord): string => {
  const { type, ...parameters } = strategy;
  const research = sharpe.research === null ? 'undefined' : sharpe.research.toFixed(2);
  return `${name}: ${type} ${JSON.stringify(parameters)} on ${symbols.join(', ')}; gates ${passed ? 'passed' : 'failed'}; Sharpe ratio in research ${research}`;
};

const phaseOf = (trial: TrialRecord): HistoryPhase => ({
  run_id: trial.job_id,
  phase_id: 'Gates',
  outcome: trial.passed ? 'COMPLETE' : 'FAILED',
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
