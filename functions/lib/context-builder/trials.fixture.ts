import { TrialRecord } from '../../../contracts/registry-card.ts';

const window = (start: string, end: string) => ({ start, end });
const digest = 'a'.repeat(64);

/** A trial's text as the registry keeps it. */
export const trial = (more: Partial<TrialRecord>): string =>
  JSON.stringify(
    TrialRecord.parse({
      schema_version: 'trial_record_v1',
      ...{ job_id: 'abcdefabcdef', title: 'A title', kind: 'idea', run: 1, name: 'Trend', symbols: ['SPX'] },
      strategy: { type: 'sma_crossover', fast: 20, slow: 100 },
      windows: {
        train: window('2001-01-02', '2006-12-29'),
        evaluation: window('2007-01-03', '2009-12-31'),
        holdout: window('2010-01-04', '2012-12-31'),
      },
      snapshot: { snapshot_id: 'sample', sha256: digest, first: '2000-01-03', last: '2012-12-31' },
      policy_bundle: { id: 'default_v1', sha256: digest },
      ...{ blueprint_sha256: digest, runspec_sha256: digest, result_sha256: digest, gate_report_sha256: digest },
      ...{ passed: true, failed: [], sharpe: { research: 0.51, holdout: -0.77 } },
      ...more,
    }),
  );
