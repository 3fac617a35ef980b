import type { JobState } from '../../../contracts/job-state.ts';
import type { Artifact } from '../../../contracts/stage.ts';
import { canonicalJson } from '../canonical-json.ts';
import { usageReport, usageRows } from './usage.ts';

/** Files that close a job's books: every model call as a row, and their sums. */
export const closeBooks = ({ job_id, calls }: Pick<JobState, 'job_id' | 'calls'>): Artifact[] => {
  const rows = usageRows(calls);
  return [
    {
      name: 'llm_usage_events',
      path: 'outputs/llm/llm_usage_events.jsonl',
      body: rows.map((row) => `${canonicalJson(row)}\n`).join(''),
      content_type: 'application/x-ndjson',
    },
    {
      name: 'llm_usage_report',
      path: 'outputs/llm/llm_usage_report.json',
      body: canonicalJson(usageReport(job_id, rows)),
      content_type: 'application/json',
    },
  ];
};
