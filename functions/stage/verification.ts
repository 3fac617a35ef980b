import type { World } from '../../adapters/world.ts';
import type { AuditDigest, StoredVersion, TamperProblem } from '../../contracts/digest.ts';
import { asError } from '../../contracts/errors.ts';
import { AUDIT } from '../../contracts/events.ts';
import type { DigestPage, VerifyPage, VerifyReport } from '../../contracts/http.ts';
import { readKey } from '../lib/digest/digest.ts';
import { parseText } from '../lib/digest/json.ts';
import { inDigests, inLog } from '../lib/digest/problems.ts';
import { parseDigest, verifyDigests } from '../lib/digest/verify-digests.ts';
import { parseSealed, type Sealed } from '../lib/digest/verify-events.ts';
import { mentionsOf, verifyAgainst } from '../lib/digest/verify-log.ts';

/** What verifying reads: storage, the table's memory of it, and the public key. */
export type VerifyPorts = {
  proof: Omit<World['proof'], 'signer'> & { signer: Pick<World['proof']['signer'], 'publicKey'> };
  index: Pick<World['index'], 'get'>;
  meter: Pick<World['meter'], 'add'>;
  env: Pick<World['env'], 'HOLDPOINT_DIGEST_SECONDS'>;
};

/** Objects read at once. */
const AT_ONCE = 16;

const inBatches = async <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> => {
  const done: R[] = [];
  for (let i = 0; i < items.length; i += AT_ONCE) done.push(...(await Promise.all(items.slice(i, i + AT_ONCE).map(work))));
  return done;
};

/** What the bucket's versions give away: nothing under these keys is ever deleted or written twice. */
const versionProblems = (
  versions: readonly StoredVersion[],
  noun: string,
  problem: (kind: 'delete_marker' | 'overwritten' | 'inserted', seq: number | null, text: string) => TamperProblem,
): TamperProblem[] => {
  const byKey = Map.groupBy(versions, ({ key }) => key);
  return [...byKey].flatMap(([key, stored]): TamperProblem[] => {
    const seq = stored[0]?.seq ?? null;
    if (seq === null) return [problem('inserted', null, `${key} is no ${noun}: somebody put it there`)];
    if (stored.some((version) => version.delete_marker))
      return [problem('delete_marker', seq, `${noun} ${seq} was deleted: ${key} has a delete marker`)];
    return stored.length > 1 ? [problem('overwritten', seq, `${noun} ${seq} was overwritten: ${key} has ${stored.length} versions`)] : [];
  });
};

const present = (versions: readonly StoredVersion[]): number[] =>
  versions.flatMap(({ seq, latest, delete_marker }) => (seq !== null && latest && !delete_marker ? [seq] : [])).toSorted((a, b) => a - b);

type Read<T> = { found: T[]; problems: TamperProblem[] };
type Stored = { seq: number; text: string | null } | { seq: number; failed: string };

/** Objects that the bucket lists. One that cannot be had although it is listed is a finding, not a failure of the verification. */
const readAll = (numbers: readonly number[], read: (seq: number) => Promise<string | null>): Promise<Stored[]> =>
  inBatches(numbers, async (seq): Promise<Stored> => {
    try {
      return { seq, text: await read(seq) };
    } catch (error) {
      return { seq, failed: asError(error).message };
    }
  });

const readEvents = async ({ proof }: VerifyPorts, jobId: string, versions: readonly StoredVersion[]): Promise<Read<Sealed>> => {
  const read = await readAll(present(versions), (seq) => proof.logs.text(jobId, seq));
  const found: Sealed[] = [];
  const problems: TamperProblem[] = [];
  for (const stored of read) {
    const { seq } = stored;
    if ('failed' in stored) {
      problems.push(inLog('unreadable', seq, `event ${seq} cannot be read: ${stored.failed}`));
      continue;
    }
    const parsed = parseSealed(parseText(stored.text ?? ''));
    if ('why' in parsed) problems.push(inLog('unreadable', seq, `event ${seq} ${parsed.why}`));
    else if (parsed.event.seq !== seq) problems.push(inLog('reordered', seq, `object ${seq} holds event ${parsed.event.seq}`));
    else found.push(parsed.event);
  }
  return { found, problems };
};

const readDigests = async ({ proof }: VerifyPorts, numbers: readonly number[]): Promise<Read<AuditDigest>> => {
  const read = await readAll(numbers, proof.digests.text);
  const found: AuditDigest[] = [];
  const problems: TamperProblem[] = [];
  for (const stored of read) {
    const { seq } = stored;
    if ('failed' in stored) {
      problems.push(inDigests('unreadable', seq, `digest ${seq} cannot be read: ${stored.failed}`));
      continue;
    }
    const parsed = parseDigest(parseText(stored.text ?? ''));
    if (stored.text === null) problems.push(inDigests('digest_deleted', seq, `digest ${seq} is gone`));
    else if ('why' in parsed) problems.push(inDigests('digest_edited', seq, `digest ${seq} ${parsed.why}`));
    else if (parsed.digest.seq !== seq)
      problems.push(inDigests('digest_reordered', seq, `object ${seq} holds digest ${parsed.digest.seq}`));
    else found.push(parsed.digest);
  }
  return { found, problems };
};

/**
 * One log as it is stored, against its digests, the table, and the versions the bucket keeps. Null when there is neither log nor row
 * nor digest. Never throws for what somebody changed.
 */
export const verifyJob = async (world: VerifyPorts, jobId: string): Promise<VerifyReport | null> => {
  const { proof, env } = world;
  // Before the log: it only grows, so that whatever is remembered here has to be in it.
  const row = jobId === AUDIT.job_id ? null : await world.index.get(jobId);
  const signed = (await proof.index.signed([jobId])).get(jobId);
  const versions = await proof.logs.versions(jobId);
  if (jobId !== AUDIT.job_id && versions.length === 0 && !signed && (row?.last_seq ?? 0) <= 1) return null;
  const events = await readEvents(world, jobId, versions);
  const digests = await readDigests(world, signed?.digests ?? []);
  const key = readKey(await proof.signer.publicKey());
  const verdict = verifyAgainst(events.found, mentionsOf(digests.found, jobId), jobId);
  const last = events.found.at(-1);
  const known = Math.max(row?.last_seq ?? 0, signed?.seq ?? 0);
  const problems = [
    ...versionProblems(versions, 'event', inLog),
    ...events.problems,
    ...verdict.problems,
    ...digests.problems,
    ...verifyDigests(digests.found, { key, whole: false }).problems,
    ...(known > (last?.seq ?? 0)
      ? [inLog('truncated', known, `the log ends at event ${last?.seq ?? 0}, but the table knows event ${known}`)]
      : []),
  ];
  if (problems.length > 0) world.meter.add('VerificationFailures', problems.length);
  return {
    ...{ job_id: jobId, ok: problems.length === 0, events: events.found.length, head: last?.hash ?? null },
    ...{ signed_through: verdict.signed_through, digests: signed?.digests ?? [], interval_s: env.HOLDPOINT_DIGEST_SECONDS, problems },
  };
};

/** Verifies the next logs, as the bucket lists them: also those that no table knows. */
export const verifyPage = async (world: VerifyPorts, after: string | null, limit: number): Promise<VerifyPage> => {
  const jobs = await world.proof.logs.jobs(after ?? '', limit);
  const reports: VerifyReport[] = [];
  for (const jobId of after === null ? [AUDIT.job_id, ...jobs] : jobs) {
    const report = await verifyJob(world, jobId);
    if (report) reports.push(report);
  }
  return { reports, next: jobs.length < limit ? null : (jobs.at(-1) ?? null) };
};

/** The digests after number `after`, with what their versions give away. Signatures and links are for the reader to check. */
export const digestPage = async (world: VerifyPorts, after: number, limit: number): Promise<DigestPage> => {
  const applied = await world.proof.index.applied();
  const versions = await world.proof.digests.versions(after, limit);
  const { found, problems } = await readDigests(world, present(versions));
  const listed = new Set(versions.flatMap(({ seq }) => seq ?? []));
  return {
    digests: found,
    problems: [...versionProblems(versions, 'digest', (kind, seq, text) => inDigests(DIGEST_KIND[kind], seq, text)), ...problems],
    applied,
    next: listed.size < limit ? null : Math.max(...listed),
  };
};

const DIGEST_KIND = { delete_marker: 'digest_deleted', overwritten: 'digest_edited', inserted: 'digest_inserted' } as const;
