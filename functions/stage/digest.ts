import type { World } from '../../adapters/world.ts';
import { type AuditDigest, DIGEST_MAX_HEADS, type DigestCandidate, type LogHead, type TamperProblem } from '../../contracts/digest.ts';
import { PermanentError } from '../../contracts/errors.ts';
import { AUDIT } from '../../contracts/events.ts';
import { digestHash, digestPayload, draftDigest, readKey } from '../lib/digest/digest.ts';
import { grow, NOT_SIGNED } from '../lib/digest/grow.ts';
import { parseText } from '../lib/digest/json.ts';
import { type DigestHead, NO_DIGEST, parseDigest, verifyDigests } from '../lib/digest/verify-digests.ts';

/** Logs or digests are not what was signed. The pass has signed what it could; this makes its failure heard. */
export class LogTampered extends PermanentError {
  override name = 'LogTampered';
}

/** `thorough` asks the log of every job that is not done; otherwise the index says which of them grew. */
export type DigestOptions = { thorough: boolean; limit: number };
export type DigestReport = { checked: number; signed: number; digests: number };

const ATTEMPTS = 10;
/** Logs read at once. */
const AT_ONCE = 8;

type Found = { job_id: string; problem: TamperProblem };
/** `head`: the last digest as this pass knows it. */
type Pass = { world: World; report: DigestReport; problems: Found[]; head: DigestHead };
type Candidate = DigestCandidate & { from: 'audit' | 'ended' | 'open' };
type Grown = { candidate: Candidate; head: LogHead | null };

const readDigest = (text: string, seq: number): AuditDigest => {
  const read = parseDigest(parseText(text));
  if ('digest' in read && read.digest.seq === seq) return read.digest;
  throw new LogTampered(`digest ${seq} ${'why' in read ? read.why : `is numbered ${read.digest.seq}`}; restore it from its versions`);
};

/**
 * Applies the digests that the table does not know yet: those of a pass that died, or of one that runs beside this one, or, with a
 * new table, all. Returns the last one, to which the next is chained.
 */
export const catchUp = async ({ proof }: World): Promise<DigestHead> => {
  const key = readKey(await proof.signer.publicKey());
  const applied = await proof.index.applied();
  let head = NO_DIGEST;
  if (applied > 0) {
    const text = await proof.digests.text(applied);
    if (text === null)
      throw new LogTampered(`digest ${applied} is gone, which the table knows: digests were deleted; restore it from its versions`);
    head = verifyDigests([readDigest(text, applied)], { key: null, whole: false }).head;
  }
  for (;;) {
    const text = await proof.digests.text(head.seq + 1);
    if (text === null) return head;
    const digest = readDigest(text, head.seq + 1);
    const { problems, head: next } = verifyDigests([digest], { key, whole: true, from: head });
    if (problems[0]) throw new LogTampered(`${problems[0].problem}; no digest is written before that is settled`);
    await proof.index.apply(digest);
    head = next;
  }
};

/** Heads of the candidates whose logs go on after what was signed. A log that does not follow is reported, not signed. */
const grown = async (pass: Pass, candidates: readonly Candidate[], options: DigestOptions): Promise<Grown[]> => {
  const { proof } = pass.world;
  const signed = await proof.index.signed(candidates.map(({ job_id }) => job_id));
  const headOf = async (candidate: Candidate): Promise<Grown> => {
    const { job_id, last_seq } = candidate;
    const since = signed.get(job_id) ?? NOT_SIGNED;
    if (candidate.from === 'open' && !options.thorough && last_seq <= since.seq) return { candidate, head: null };
    const texts = await proof.logs.texts(job_id, since.seq + 1, last_seq);
    // A row is made before event 1: its submission may not have got further.
    if (last_seq === 1 && texts.length === 1 && texts[0]?.text === null) return { candidate, head: null };
    const found = grow(job_id, { seq: since.seq, hash: since.hash }, texts);
    if ('problem' in found) pass.problems.push({ job_id, problem: found.problem });
    return { candidate, head: 'problem' in found || found.head.seq === since.seq ? null : { job_id, since: since.seq, ...found.head } };
  };
  const all: Grown[] = [];
  for (let i = 0; i < candidates.length; i += AT_ONCE) all.push(...(await Promise.all(candidates.slice(i, i + AT_ONCE).map(headOf))));
  return all;
};

/** Signs heads as the next digest; null when another pass was faster. */
const write = async ({ env, clock, proof }: World, before: DigestHead, heads: readonly LogHead[]): Promise<DigestHead | null> => {
  const { id } = readKey(await proof.signer.publicKey());
  const draft = draftDigest(
    {
      ...{ seq: before.seq + 1, at: clock().toISOString(), interval_s: env.HOLDPOINT_DIGEST_SECONDS },
      ...{ prev_hash: before.hash, key_id: id, algorithm: proof.signer.algorithm },
    },
    heads,
  );
  const digest = { ...draft, signature: Buffer.from(await proof.signer.sign(digestPayload(draft))).toString('hex') };
  if (!(await proof.digests.create(digest))) return null;
  await proof.index.apply(digest);
  return { seq: digest.seq, hash: digestHash(digest) };
};

/** One digest over the candidates that grew; candidates that ended are then off the list, whatever was found. */
const digestOver = async (pass: Pass, candidates: readonly Candidate[], options: DigestOptions): Promise<void> => {
  const { world, report } = pass;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const noted = pass.problems.length;
    const heads = (await grown(pass, candidates, options)).flatMap(({ head }) => head ?? []);
    const written = heads.length === 0 ? pass.head : await write(world, pass.head, heads);
    if (written) {
      pass.head = written;
      for (const candidate of candidates) if (candidate.from === 'ended') await world.proof.index.settle(candidate);
      report.checked += candidates.length;
      report.signed += heads.length;
      report.digests += heads.length > 0 ? 1 : 0;
      return;
    }
    // Another pass signed first: what is left is asked anew, problems too.
    pass.problems.splice(noted);
    pass.head = await catchUp(world);
  }
  throw new Error(`another digest pass was faster ${ATTEMPTS} times in a row; the next pass goes on`);
};

async function* candidatesOf({ proof }: World, limit: number): AsyncGenerator<Candidate[]> {
  const seen = new Set<string>();
  const ended = async (more: number) => (await proof.index.ended(more)).filter(({ job_id }) => !seen.has(job_id));
  const first: Candidate[] = [{ job_id: AUDIT.job_id, last_seq: 0, from: 'audit' }];
  for (let left = limit; ; ) {
    const found = (await ended(Math.min(left, DIGEST_MAX_HEADS - 1))).map((row): Candidate => ({ ...row, from: 'ended' }));
    const batch = [...first.splice(0), ...found];
    if (batch.length === 0) break;
    for (const { job_id } of found) seen.add(job_id);
    left -= found.length;
    yield batch;
    if (left <= 0 || found.length === 0) break;
  }
  let cursor: string | null = null;
  do {
    const page: { items: DigestCandidate[]; next: string | null } = await proof.index.open(cursor, DIGEST_MAX_HEADS);
    if (page.items.length > 0) yield page.items.map((row) => ({ ...row, from: 'open' }));
    cursor = page.next;
  } while (cursor !== null);
}

/**
 * One pass: signs the heads of all logs that grew since the last one. The index names candidates, the log says where they stand. Runs
 * beside appends and other passes: an event that comes later is in the next digest, and of two passes one gets the number.
 * @throws LogTampered after the pass, when a log contradicts what was signed or the digests themselves do
 */
export const digestPass = async (world: World, options: DigestOptions): Promise<DigestReport> => {
  const pass: Pass = { world, report: { checked: 0, signed: 0, digests: 0 }, problems: [], head: await catchUp(world) };
  for await (const batch of candidatesOf(world, options.limit)) await digestOver(pass, batch, options);
  const [first] = pass.problems;
  if (first) {
    const more = pass.problems.length > 1 ? `, and ${pass.problems.length - 1} more` : '';
    throw new LogTampered(`job ${first.job_id}: ${first.problem.problem}${more}; nothing of it was signed, see "holdpoint verify"`);
  }
  return pass.report;
};
