import type { Command } from 'commander';
import { asError, UnreadableDocument } from '../../contracts/errors.ts';
import type { CassetteDifference } from '../../functions/lib/cassette/differences.ts';
import { diffCassettes } from '../../functions/lib/cassette/differences.ts';
import type { Fixture } from '../../functions/lib/cassette/fixture.ts';
import { type Promotion, PromotionRefused, promote } from '../../functions/lib/cassette/promote.ts';
import { secretScan } from '../../functions/lib/cassette/secret-scan.ts';
import { CliError, EXIT, usage } from '../exit.ts';
import { parseCase, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result, Run } from '../runner.ts';
import { clean } from '../text.ts';
import { confirmed } from './confirm.ts';
import { caseName } from './find.ts';
import { createFixture, readFolderIfThere, SHIPPED, taken, updateFixture } from './folder.ts';
import { countsInWords, safeLines, sayDifferences } from './lines.ts';
import { findRecorded, loadDocument, nameOf, parseKey } from './recorded.ts';

type Options = CommonOptions & { case: string; fixtures?: string; yes?: true; replace?: true; allowGuardFindings?: true };

const loadNamed = async (context: Context, text: string): Promise<{ name: string; document: unknown }> => {
  const reference = parseKey(text);
  if (reference === null)
    throw usage(`"${text}" is no key: at least 6 hex characters are needed`, 'list keys with "holdpoint cassette list"');
  const api = await context.connect();
  const name = await findRecorded(api, reference);
  return { name: nameOf(name), document: await loadDocument(api, name) };
};

const GUARD_NEXT = 'record a better answer, or keep this one as an example of a bad one with --allow-guard-findings';

/** A refusal is a check that failed; anything else goes on as it is. */
const refused = (name: string, thrown: unknown): Result => {
  if (!(thrown instanceof PromotionRefused) && !(thrown instanceof UnreadableDocument)) throw thrown;
  const { step, findings } = thrown instanceof PromotionRefused ? thrown : { step: 'source', findings: [] };
  return {
    doc: { promoted: false, recording: name, refused: { step, message: thrown.message, findings } },
    exit: EXIT.bad,
    reason: `${name} was not promoted: ${asError(thrown).message}`,
    next: step === 'guard' ? GUARD_NEXT : 'nothing was written; look at it with "holdpoint cassette show"',
  };
};

/** The fixture whose place the new one takes. @throws CliError exit 5 when that was not asked for */
const placeFor = async (folder: string, fixture: Fixture, replace: boolean): Promise<Fixture | null> => {
  const fixtures = await readFolderIfThere(folder);
  const same = fixtures.find((one) => caseName(one) === caseName(fixture));
  if (same && !replace) throw taken(fixture.agent, fixture.case);
  const { key, n } = fixture.cassette;
  const twin = fixtures.find((one) => one !== same && one.agent === fixture.agent && one.cassette.key === key && one.cassette.n === n);
  if (!twin) return same ?? null;
  throw new CliError('EXISTS', EXIT.conflict, `fixture ${caseName(twin)} answers the same question (${key.slice(0, 12)})`, {
    next: `put the new answer in its place with --case ${twin.case} --replace`,
  });
};

const sayPromotion = (
  context: Context,
  fixture: Fixture,
  { redactions, report }: Promotion,
  changes: readonly CassetteDifference[],
  from: string,
) => {
  const { say, paint } = context;
  say(
    `${paint.bold(clean(caseName(fixture)))} from ${clean(from)}, answered by ${clean(`${fixture.cassette.answer.provider}/${fixture.cassette.answer.model}`)}`,
  );
  say(`redacted again: ${countsInWords(redactions)} removed`);
  say('secret scan: nothing found');
  say(`guard: ${report.guard_status}`);
  for (const { rule, pointer, message } of report.findings) say(`  ${paint.red(rule)} ${clean(pointer)}: ${clean(message)}`);
  say(`key: ${fixture.cassette.key}${fixture.notes.aliases.length > 0 ? ` (recorded as ${fixture.notes.aliases.join(' ')})` : ''}`);
  if (changes.length > 0) say('changes:');
  sayDifferences(context, changes);
  say('expected output:');
  for (const line of safeLines(JSON.stringify(fixture.expected, null, 2))) say(`  ${line}`);
};

const promoteKey = async (context: Context, key: string, options: Options): Promise<Result> => {
  const { name, document } = await loadNamed(context, key);
  const { token } = context.world.env;
  const checks = { scan: secretScan, secrets: token === null ? [] : [token], allowGuardFindings: options.allowGuardFindings === true };
  const promotion = await promote(document, checks).catch((thrown: unknown) => refused(name, thrown));
  if ('doc' in promotion) return promotion;
  const folder = options.fixtures ?? SHIPPED;
  const fixture: Fixture = { ...promotion.fixture, case: options.case };
  const before = await placeFor(folder, fixture, options.replace === true);
  const changes = before ? diffCassettes(before.cassette, fixture.cassette) : promotion.changes;
  sayPromotion(context, fixture, promotion, changes, name);
  const doc = { recording: name, case: caseName(fixture), key: fixture.cassette.key, guard_status: promotion.report.guard_status };
  const more = { findings: promotion.report.findings, redactions: promotion.redactions, changes };
  if (!options.yes && !(await confirmed(context, `write fixture ${caseName(fixture)} to ${folder}?`)))
    return { doc: { promoted: false, ...doc, ...more }, exit: EXIT.bad, reason: 'nothing was written' };
  await (before ? updateFixture : createFixture)(folder, fixture);
  context.say(`wrote fixture ${caseName(fixture)}`);
  return { doc: { promoted: true, ...doc, ...more } };
};

export const addPromote = (parent: Command, run: Run): void => {
  withCommon(
    parent
      .command('promote')
      .description('make a recording of the environment a fixture: redact again, scan for secrets, guard again, re-key, show what changed')
      .argument('<KEY>', 'key of the recording (6 characters of it are enough), as [agent/]key[.n]')
      .requiredOption('--case <NAME>', 'name of the fixture', parseCase)
      .option('--fixtures <DIR>', 'folder of the fixtures (default: that of this repository)')
      .option('--yes', 'write it without asking')
      .option('--replace', 'put it in the place of the fixture of that name')
      .option('--allow-guard-findings', 'keep an answer that the output guard stops, its findings noted as accepted'),
  ).action((key: string, options: Options) => run(options, (context) => promoteKey(context, key, options)));
};
