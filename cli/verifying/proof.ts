import * as z from 'zod';
import { AuditDigest, PROBLEM_KINDS, TamperProblem } from '../../contracts/digest.ts';
import { VerifyReport } from '../../contracts/http.ts';
import type { Api } from '../api.ts';

// A newer server may know more kinds of problems, and say more.
const Found = z.looseObject({ ...TamperProblem.shape, kind: z.enum(PROBLEM_KINDS).catch('edited') });

export const Report = z.looseObject({ ...VerifyReport.shape, problems: z.array(Found) });
export type Report = z.infer<typeof Report>;
export const Reports = z.looseObject({ reports: z.array(Report), next: z.string().nullable() });
export const Digests = z.looseObject({
  digests: z.array(AuditDigest),
  problems: z.array(Found),
  applied: z.int(),
  next: z.int().nullable(),
});

/** Reading a long log whole takes its time. */
const VERIFY_MS = 120_000;

/** What the server finds when it verifies a job. @throws CliError (exit 4) when there is no such job */
export const loadReport = async (api: Api, jobId: string): Promise<Report> =>
  (await api.call('GET', `/jobs/${jobId}/verify`, Report, { timeoutMs: VERIFY_MS })).body;

export const loadReports = async (api: Api, after: string | null): Promise<z.infer<typeof Reports>> =>
  (await api.call('GET', `/verify?limit=20${after === null ? '' : `&after=${after}`}`, Reports, { timeoutMs: VERIFY_MS })).body;

export const loadDigests = async (api: Api, after: number): Promise<z.infer<typeof Digests>> =>
  (await api.call('GET', `/digests?limit=50&after=${after}`, Digests)).body;

/** The digests with these numbers, in this order. */
export const loadDigestsOf = async (api: Api, numbers: readonly number[]): Promise<AuditDigest[]> => {
  const digests: AuditDigest[] = [];
  for (const number of numbers) digests.push((await api.call('GET', `/digests/${number}`, AuditDigest)).body);
  return digests;
};
