import * as z from 'zod';
import { asError } from '../../../contracts/errors.ts';
import { REPORT_STATUS, RunnerReport, RunnerResult } from '../../../contracts/runner.ts';
import { json } from '../decode.ts';
import { sha256Hex } from '../hash.ts';

const FENCE = '---';

const frontMatter = (result: RunnerResult, resultText: string): RunnerReport => ({
  schema_version: 'runner_report_v1',
  purpose: result.purpose,
  result: result.result,
  status: REPORT_STATUS[result.result],
  ...(result.purpose === 'staging' ? { staging_status: result.result } : {}),
  attempt: result.attempt,
  result_sha256: sha256Hex(resultText),
});

const HEADLINES = { PASS: 'passed', FAIL: 'failed', DEFER: 'gave no verdict', NOT_RUN: 'was not run' } as const;

/** Longer than any run of backticks inside, so that printed text cannot end its block. */
const fenced = (text: string): string[] => {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}text`, text.trimEnd(), fence];
};

const ranLines = (result: Exclude<RunnerResult, { result: 'NOT_RUN' }>): string[] => [
  `Command: ${JSON.stringify(result.command)}`,
  '',
  `Attempt ${result.attempt}, ${(result.duration_ms / 1000).toFixed(1)} s, begun at ${result.at}.`,
  '',
  ...(result.smoke ? [...result.smoke.probes.map((p) => `- ${p.path}: ${p.problem ?? `HTTP ${p.status}`}`), ''] : []),
  ...(result.output.text === ''
    ? ['It printed nothing.']
    : [`Output (${result.output.bytes} bytes${result.output.truncated ? ', shortened' : ''}):`, '', ...fenced(result.output.text)]),
];

/** `report.md`: front matter for machines, the rest for people. `resultText` is the result as it is stored. */
export const renderReport = (result: RunnerResult, resultText: string): string => {
  const front = Object.entries(frontMatter(result, resultText)).map(([name, value]) => `${name}: ${value}`);
  return [
    ...[FENCE, ...front, FENCE, ''],
    `# The ${result.purpose} check of ${result.repository} ${HEADLINES[result.result]}`,
    '',
    ...(result.result === 'PASS' ? [] : [result.message, '']),
    ...(result.result === 'NOT_RUN' ? [] : ranLines(result)),
    '',
  ].join('\n');
};

export type ReportReading = { agreed: true; front: RunnerReport } | { agreed: false; problem: string };

const LINE = /^([a-z0-9_]{1,64}): (\S{1,200})$/;

const fieldsOf = (report: string): Record<string, string> | null => {
  const [first, ...rest] = report.split('\n');
  const end = rest.indexOf(FENCE);
  if (first !== FENCE || end === -1) return null;
  const entries = rest.slice(0, end).map((line) => LINE.exec(line) ?? []);
  const fields = Object.fromEntries(entries.map(([, name = '', value = '']) => [name, value]));
  // A line that is no field, or a name that stands twice, leaves fewer names than lines.
  return Object.keys(fields).length === end && !Object.hasOwn(fields, '') ? fields : null;
};

const disagreement = (front: RunnerReport): string | null => {
  if (front.status !== REPORT_STATUS[front.result]) return `result ${front.result} and status ${front.status} disagree`;
  if (front.purpose === 'staging' && front.staging_status !== front.result) {
    return `result ${front.result} and staging_status ${front.staging_status ?? '(missing)'} disagree`;
  }
  return front.purpose === 'test' && front.staging_status !== undefined ? 'a test report has no staging_status' : null;
};

/** Reads front matter. Missing, altered or contradictory fields give no verdict, whichever of them says what. */
export const readReport = (report: string): ReportReading => {
  const fields = fieldsOf(report);
  if (!fields) return { agreed: false, problem: 'the report does not begin with front matter' };
  const parsed = RunnerReport.safeParse({
    ...fields,
    attempt: /^\d{1,6}$/.test(fields['attempt'] ?? '') ? Number(fields['attempt']) : null,
  });
  if (!parsed.success) return { agreed: false, problem: `the front matter is not runner_report_v1: ${z.prettifyError(parsed.error)}` };
  const problem = disagreement(parsed.data);
  return problem === null ? { agreed: true, front: parsed.data } : { agreed: false, problem };
};

export type AgreedResult = { agreed: true; result: RunnerResult } | { agreed: false; problem: string };

const read = json(RunnerResult);

/** The result that file and report both give, or why there is none. */
export const agreedResult = (resultText: string, report: string): AgreedResult => {
  const reading = readReport(report);
  if (!reading.agreed) return reading;
  let result: RunnerResult;
  try {
    result = read(resultText);
  } catch (thrown) {
    return { agreed: false, problem: asError(thrown).message };
  }
  const { front } = reading;
  if (front.result_sha256 !== sha256Hex(resultText)) return { agreed: false, problem: 'the report is about another runner_result_v1.json' };
  if (front.result !== result.result) return { agreed: false, problem: `the report says ${front.result}, the file ${result.result}` };
  return { agreed: true, result };
};
