import type { ContextPack } from '../../../contracts/context-pack.ts';
import type { TokenEfficiencyMetric } from '../../../contracts/telemetry.ts';

/** The row of `token_efficiency_metrics` for a phase; `pack` is null where it built no context. */
export const tokenEfficiencyRow = (
  { run_id, phase_id, phase_outcome }: Pick<TokenEfficiencyMetric, 'run_id' | 'phase_id' | 'phase_outcome'>,
  pack: ContextPack | null,
): TokenEfficiencyMetric => ({
  ...{ run_id, phase_id, phase_outcome },
  artifact_substitutions: pack?.artifact_substitutions.length ?? 0,
  tokens_saved_artifacts: pack?.tokens_saved_artifacts ?? 0,
  budget_mode: pack?.budget_mode ?? null,
  budget_used: pack?.budget_used ?? 0,
  files_omitted: pack?.files_omitted.length ?? 0,
  embedding_cache_hits: pack?.embedding_cache_hits ?? 0,
  embedding_calls: pack?.embedding_calls ?? 0,
});
