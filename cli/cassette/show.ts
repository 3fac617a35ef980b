import type { Command } from 'commander';
import { withCommon } from '../options.ts';
import type { CommonOptions, Context, Result, Run } from '../runner.ts';
import { clean, padEnd } from '../text.ts';
import { findCassette } from './find.ts';
import { SHIPPED } from './folder.ts';
import { safeLines } from './lines.ts';

type Options = CommonOptions & { fixtures?: string };

const show = async (context: Context, name: string, { fixtures = SHIPPED }: Options): Promise<Result> => {
  const { cassette, fixture, ...found } = await findCassette(context, fixtures, name);
  const { say, paint } = context;
  const { match, answer } = cassette;
  const facts = {
    key: cassette.key,
    repeat: String(cassette.n),
    agent: `${match.agent} as ${match.model_alias}`,
    prompt: `${match.prompt_version}, output ${match.output_schema_version}`,
    settings: JSON.stringify(match.settings),
    'answered by': `${answer.provider}/${answer.model}, ${answer.finish_reason}`,
    tokens: `${answer.usage.prompt_tokens} asked, ${answer.usage.completion_tokens} answered`,
    recorded: `${cassette.recorded_at}, redacted by ${cassette.redactor_version}`,
    ...(fixture && fixture.notes.aliases.length > 0 ? { 'kept before as': fixture.notes.aliases.join(' ') } : {}),
    ...(fixture && fixture.notes.accepted_findings.length > 0
      ? { 'accepted by a person': fixture.notes.accepted_findings.map(({ rule, pointer }) => `${rule} at ${pointer || '/'}`).join(', ') }
      : {}),
  };
  say(paint.bold(clean(found.name)));
  const column = Math.max(...Object.keys(facts).map((fact) => fact.length));
  for (const [fact, value] of Object.entries(facts)) say(`${paint.dim(padEnd(fact, column))}  ${clean(value)}`);
  for (const { role, content } of [...match.messages, { role: 'answer', content: answer.text }]) {
    say();
    say(paint.bold(role));
    for (const line of safeLines(content)) say(line);
  }
  const notes = fixture === null ? {} : { case: found.name, notes: fixture.notes, expected: fixture.expected };
  return { doc: { ...notes, cassette } };
};

export const addShow = (parent: Command, run: Run): void => {
  withCommon(
    parent
      .command('show')
      .description('show one recorded answer and the question it answers')
      .argument('<KEY|CASE>', 'agent/case of a fixture, or a key (6 characters of it are enough)')
      .option('--fixtures <DIR>', 'folder of the fixtures (default: that of this repository)'),
  ).action((name: string, options: Options) => run(options, (context) => show(context, name, options)));
};
