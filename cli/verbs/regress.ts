import { TIERS, type Tier } from '../../functions/lib/cassette/drift.ts';
import { type Regressed, regress as regressFixture } from '../../functions/lib/cassette/regress.ts';
import { caseName } from '../cassette/find.ts';
import { readFolder, SHIPPED } from '../cassette/folder.ts';
import { EXIT } from '../exit.ts';
import { parseAgent, parseTier, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result } from '../runner.ts';
import { clean, padEnd } from '../text.ts';

type Options = CommonOptions & { agent?: string; fixtures?: string; failOn: Tier };

const paintTier = ({ paint }: Context, tier: Tier | null, text: string): string => {
  if (tier === 'error') return paint.red(text);
  return tier === 'warn' ? paint.yellow(text) : paint.green(text);
};

const saySummary = (context: Context, one: Regressed): void => {
  const { say, paint } = context;
  const guard =
    one.guard_status === null
      ? ''
      : `guard ${one.guard_status}${one.guard_status === 'failed' && one.worst !== 'error' ? ', accepted' : ''}`;
  say(`${paintTier(context, one.worst, padEnd(one.worst ?? 'ok', 5))}  ${clean(caseName(one))}  ${paint.dim(guard)}`.trimEnd());
  for (const { tier, part, pointer, message } of one.drift) {
    say(
      `  ${paintTier(context, tier, padEnd(tier, 5))}  ${part === 'output' ? '' : `${part} `}${clean(pointer) || '/'}: ${clean(message)}`,
    );
  }
};

const regressAll = async (context: Context, { agent, fixtures = SHIPPED, failOn }: Options): Promise<Result> => {
  const results = (await readFolder(fixtures, agent)).map(regressFixture);
  for (const one of results) saySummary(context, one);
  const fails = ({ tier }: { tier: Tier }) => TIERS.indexOf(tier) >= TIERS.indexOf(failOn);
  const failed = results.filter(({ drift }) => drift.some(fails));
  context.say(`${results.length - failed.length} of ${results.length} fixtures as expected`);
  const doc = { passed: failed.length === 0, checked: results.length, failed: failed.length, fixtures: results };
  if (failed.length === 0) return { doc };
  const places = failed.flatMap((one) => one.drift.filter(fails).map(({ pointer }) => `${caseName(one)} at ${pointer || '/'}`));
  const more = places.length > 3 ? ` and ${places.length - 3} more` : '';
  return {
    doc,
    exit: EXIT.bad,
    reason: `${failed.length} of ${results.length} fixtures drifted: ${places.slice(0, 3).join(', ')}${more}`,
    next: 'mend what changed, or record the answer again and promote it with --replace',
  };
};

export const regress: Verb = (program, run) => {
  withCommon(
    program
      .command('regress')
      .description('replay every fixture and compare with the expected output; offline')
      .option('--agent <AGENT>', 'of one agent only', parseAgent)
      .option('--fixtures <DIR>', 'folder of the fixtures (default: that of this repository)')
      .option('--fail-on <TIER>', 'least drift that fails: info (layout), warn (wording) or error (data)', parseTier, 'warn'),
  ).action((options: Options) => run(options, (context) => regressAll(context, options)));
};
