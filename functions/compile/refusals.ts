import type { Blueprint, Window } from '../../contracts/blueprint.ts';
import { CompileRefused } from '../../contracts/errors.ts';
import type { ResearchJob } from '../../contracts/job-spec.ts';
import { POLICY_BUNDLES, type PolicyBundle } from '../../contracts/policy-bundle.ts';
import type { RunSpec } from '../../contracts/runspec.ts';
import type { Bar, Snapshot } from '../../contracts/snapshot.ts';
import { addDays, holdoutAfter, holdoutWindow } from '../lib/holdout.ts';

/** A train or evaluation window with fewer bars has no daily return. */
const MIN_BARS = 2;

export type CompileInput = { spec: ResearchJob; blueprint: Blueprint; snapshot: Snapshot; bars: readonly Bar[] };

const text = (window: Window): string => `${window.start} to ${window.end}`;

export const policyOf = (id: string): PolicyBundle => {
  const bundle = Object.hasOwn(POLICY_BUNDLES, id) ? POLICY_BUNDLES[id] : undefined;
  if (bundle) return bundle;
  throw new CompileRefused(`there is no policy bundle "${id}"; this build has ${Object.keys(POLICY_BUNDLES).join(', ')}`);
};

/** The idea's own last part, or the days after a hand-written blueprint's evaluation. */
export const holdoutOf = ({ spec, blueprint, snapshot }: CompileInput, policy: PolicyBundle): Window => {
  const { fraction } = policy.holdout;
  if (spec.kind === 'idea') return holdoutWindow(spec.idea, fraction);
  const holdout = holdoutAfter({ start: blueprint.train.start, end: blueprint.evaluation.end }, fraction, snapshot.last);
  if (holdout && holdout.start < holdout.end) return holdout;
  throw new CompileRefused(
    `snapshot ${snapshot.snapshot_id} ends ${snapshot.last} and leaves no holdout after the evaluation, which ends ${blueprint.evaluation.end}; end the evaluation earlier`,
  );
};

const symbolIssues = ({ spec, blueprint, snapshot }: CompileInput): string[] => {
  const asked = spec.kind === 'idea' ? spec.idea.symbols : blueprint.symbols;
  return blueprint.symbols.flatMap((symbol) => [
    ...(snapshot.symbols.includes(symbol)
      ? []
      : [`symbol ${symbol} is not in snapshot ${snapshot.snapshot_id}, which has ${snapshot.symbols.slice(0, 20).join(', ')}`]),
    ...(asked.includes(symbol) ? [] : [`symbol ${symbol} is not in the idea, which names ${asked.join(', ')}`]),
  ]);
};

const windowIssues = ({ spec, blueprint, snapshot }: CompileInput, holdout: Window): string[] => {
  const { train, evaluation } = blueprint;
  const issues: string[] = [];
  if (evaluation.end >= holdout.start)
    issues.push(
      `look-ahead: the evaluation ${text(evaluation)} reaches into the holdout ${text(holdout)}; end it by ${addDays(holdout.start, -1)}`,
    );
  if (spec.kind === 'idea' && train.start < spec.idea.start)
    issues.push(`train starts ${train.start}, before the idea's window ${text(spec.idea)}; start it on ${spec.idea.start} or later`);
  if (train.start < snapshot.first || holdout.end > snapshot.last)
    issues.push(
      `the run ${text({ start: train.start, end: holdout.end })} is outside snapshot ${snapshot.snapshot_id}, which covers ${snapshot.first} to ${snapshot.last}; choose windows inside it`,
    );
  return issues;
};

/** Bars of one symbol inside a window. */
export const barsIn = (bars: readonly Bar[], symbol: string, window: Window): number =>
  bars.filter((bar) => bar.symbol === symbol && bar.date >= window.start && bar.date <= window.end).length;

const barIssues = ({ blueprint, bars }: CompileInput, windows: RunSpec['windows'], policy: PolicyBundle): string[] => {
  const needs = { train: MIN_BARS, evaluation: MIN_BARS, holdout: Math.max(MIN_BARS, policy.holdout.min_bars) };
  return blueprint.symbols.flatMap((symbol) =>
    (['train', 'evaluation', 'holdout'] as const).flatMap((name) => {
      const count = barsIn(bars, symbol, windows[name]);
      if (count >= needs[name]) return [];
      return [
        `${symbol} has ${count} bars in ${name} ${text(windows[name])}, it needs ${needs[name]}; choose longer windows or another snapshot`,
      ];
    }),
  );
};

/** Throws `CompileRefused` with every reason at once, so that one revision can answer all of them. */
export const refuseUnsound = (input: CompileInput, policy: PolicyBundle, holdout: Window): void => {
  const issues = [...symbolIssues(input), ...windowIssues(input, holdout)];
  const { train, evaluation } = input.blueprint;
  const all = issues.length ? issues : barIssues(input, { train, evaluation, holdout }, policy);
  if (all.length) throw new CompileRefused(all.join('\n'));
};
