import { KillView } from '../../contracts/http.ts';
import { usage } from '../exit.ts';
import { parseKillTarget, parseText, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result } from '../runner.ts';
import { clean } from '../text.ts';

type Options = CommonOptions & { to?: string; halt?: true; release?: true; reason?: string };

const MEANING: Record<string, string> = {
  none: 'no feature is held back',
  stage2: 'extended contexts are off',
  stage1: 'extended contexts, history packs and other additions are off; telemetry goes on',
  off: 'everything that is rolled out in stages is off, telemetry too',
};

const sayKill = ({ say, paint }: Context, { kill, already }: KillView): void => {
  const { halted, level } = kill;
  say(
    halted
      ? paint.red('halted: no new jobs, model calls or external writes; jobs wait and go on after the release')
      : paint.green('running'),
  );
  say(`level ${clean(level)}: ${MEANING[level] ?? ''}`);
  if (already) say(paint.dim('it was so before; nothing was changed'));
};

const runKill = async (context: Context, { to, halt, release, reason }: Options): Promise<Result> => {
  const targets = [to, halt, release].filter((target) => target !== undefined);
  if (targets.length !== 1) {
    const said = targets.length === 0 ? 'kill needs a target' : 'kill takes one target, not several';
    throw usage(said, 'say --to stage2, --to stage1, --to off, --halt or --release');
  }
  const why = reason === undefined ? {} : { reason };
  const api = await context.connect();
  const { body } = release
    ? await api.call('POST', '/kill/release', KillView, { body: why })
    : await api.call('POST', '/kill', KillView, { body: { ...(halt ? { halt: true } : { to }), ...why } });
  sayKill(context, body);
  return { doc: body };
};

export const kill: Verb = (program, run) => {
  withCommon(
    program
      .command('kill')
      .description('switch features off, halt everything, or release the kill switch')
      .option('--to <LEVEL>', 'stage2: extended contexts off; stage1: telemetry only; off: telemetry too', parseKillTarget)
      .option('--halt', 'no new jobs, model calls and external writes')
      .option('--release', 'let everything go on')
      .option('--reason <TEXT>', 'why, kept in the audit log', parseText),
  ).action((options: Options) => run(options, (context) => runKill(context, options)));
};
