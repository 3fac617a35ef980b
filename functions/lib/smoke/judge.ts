import type { FoundDocument, FoundProvider, SmokeCheck, SmokeCheckId, SmokeFindings, SmokeResult } from '../../../contracts/smoke.ts';

const MAX_REASON = 2000;

type Facts = Readonly<Record<string, string | number | boolean>>;
type Judged = Omit<SmokeCheck, 'id'>;

const ok = (reason: string): Judged => ({ verdict: 'ok', reason });
const failed = (reason: string): Judged => ({ verdict: 'failed', reason: reason.slice(0, MAX_REASON) });
const skipped = (reason: string): Judged => ({ verdict: 'skipped', reason });

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

const buckets = ({ buckets: found }: SmokeFindings): Judged => {
  const bad = found.filter(({ state }) => state !== 'ok');
  if (bad.length === 0) return ok(`${count(found.length, 'bucket')} answered`);
  return failed(
    bad
      .map(({ name, state, detail }) =>
        state === 'missing'
          ? `bucket ${name} is missing: deploy the stack that has it, and restore what was in it`
          : `bucket ${name} cannot be reached (${detail}): look at its policy and at S3`,
      )
      .join('; '),
  );
};

const table = ({ table: { name, state, detail } }: SmokeFindings): Judged => {
  if (state === 'ok') return ok(`table ${name} answered`);
  return failed(
    state === 'missing'
      ? `table ${name} is missing: deploy the stack that has it, then run "holdpoint reconcile --once --restart-waiters"`
      : `table ${name} cannot be reached (${detail}): look at its policy and at DynamoDB`,
  );
};

const documentWords = ({ key, version, reads }: FoundDocument): string =>
  `${key} is of ${version ?? 'no known schema'}, this build reads ${reads}`;

const schema = ({ table: { name, state, missing_indexes }, documents, unread }: SmokeFindings): Judged => {
  if (missing_indexes.length > 0)
    return failed(`table ${name} has an old schema: index ${missing_indexes.join(', ')} is missing; deploy the state stack of this build`);
  const old = documents.filter(({ version, reads }) => version !== reads);
  if (old.length > 0)
    return failed(`old schema: ${old.map(documentWords).join('; ')}; deploy the build that wrote it, or restore the object's last version`);
  if (unread !== null) return failed(`stored documents cannot be read: ${unread}`);
  if (state !== 'ok') return skipped('without the table nobody knows which documents are the newest');
  return ok(`indexes are there, and ${count(documents.length, 'stored document')} of the newest jobs are of the versions this build reads`);
};

const PROVIDER: { readonly [S in FoundProvider['state']]: string } = {
  ok: 'answers',
  not_called: 'is not called',
  no_key: 'has no key',
  key_refused: 'refuses the key',
  unreachable: 'cannot be reached',
  unwell: 'answers with an error',
};
const USABLE: readonly FoundProvider['state'][] = ['ok', 'not_called'];

const providerWords = ({ position, name, state, detail }: FoundProvider): string =>
  `provider ${position} (${name}) ${PROVIDER[state]}: ${detail}`;

const providers = ({ mode, providers: found }: SmokeFindings): Judged => {
  if (mode === 'replay') return ok('mode is replay: no provider is asked');
  const bad = found.filter(({ state }) => !USABLE.includes(state));
  if (bad.length > 0) return failed(bad.map(providerWords).join('; '));
  const said = found.map(providerWords).join('; ');
  return found.length > 0 && found.every(({ state }) => state === 'not_called') ? skipped(said) : ok(said || 'the chain is empty');
};

const coreTests = (facts: Facts): Judged => {
  const { test_status: status, test_reason: why } = facts;
  if (status === undefined) return skipped("no state ran the project's checks before this one");
  if (status === 'PASS') return why === 'person' ? ok('a person said that the checks passed') : ok("the project's checks passed");
  return failed(`the project's checks came to ${status} (${why}): read outputs/runner/test of this rollout, mend, and start another`);
};

const telemetry = ({ switches: { flags, readable }, climbing }: SmokeFindings): Judged => {
  if (!readable) return failed('flags cannot be read: see "holdpoint flags", and whether the table answers');
  if (flags.telemetry) return ok('telemetry is on');
  const on = (['history_pack', 'document_substitution', 'extended_contexts'] as const).filter((name) => flags[name]);
  const why = [...on.map((name) => `${name} is on`), ...climbing.map(({ job_id, stage }) => `rollout ${job_id} stands at stage ${stage}`)];
  if (why.length === 0) return ok('telemetry is off, and so is everything that needs it');
  return failed(`telemetry is off although ${why.join(', ')}: run "holdpoint flags set telemetry=true", or roll back first`);
};

const logs = ({ logs: reports }: SmokeFindings): Judged => {
  if (reports.length === 0) return skipped('without table and buckets no log was looked at');
  const bad = reports.filter((report) => !report.ok);
  const events = reports.reduce((sum, report) => sum + report.events, 0);
  if (bad.length === 0) return ok(`${count(reports.length, 'log')} with ${count(events, 'event')} verify`);
  const words = bad.map(({ job_id, problems }) => `log ${job_id} is not as it was written (${problems[0]?.kind}: ${problems[0]?.problem})`);
  return failed(`${words.join('; ')}; see "holdpoint verify ${bad[0]?.job_id}" and the runbook audit-verification`);
};

/** Judges what a look from inside found, and what the checks before it came to. Pure: the same findings give the same verdict. */
export const judgeSmoke = (findings: SmokeFindings, facts: Facts): SmokeCheck[] => {
  const judged: [SmokeCheckId, Judged][] = [
    ['buckets', buckets(findings)],
    ['table', table(findings)],
    ['schema', schema(findings)],
    ['providers', providers(findings)],
    ['core_tests', coreTests(facts)],
    ['telemetry', telemetry(findings)],
    ['logs', logs(findings)],
  ];
  return judged.map(([id, check]) => ({ id, ...check }));
};

export const verdictOf = (checks: readonly SmokeCheck[]): SmokeResult['verdict'] =>
  checks.some(({ verdict }) => verdict === 'failed') ? 'NO_GO' : 'GO';

/** Why it is a NO-GO, in one line. */
export const noGoWords = ({ checks }: Pick<SmokeResult, 'checks'>): string =>
  `smoke says NO-GO: ${checks
    .filter(({ verdict }) => verdict === 'failed')
    .map(({ id, reason }) => `${id}: ${reason}`)
    .join('; ')}`;
