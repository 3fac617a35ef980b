import { redact as redactText } from '../../functions/lib/redaction.ts';
import { countsInWords } from '../cassette/lines.ts';
import { readInput } from '../files.ts';
import { type Verb, withCommon } from '../options.ts';
import type { CommonOptions } from '../runner.ts';

const MAX_BYTES = 64 * 1024 * 1024;

/** What a terminal acts on; a pipe gets every byte. */
const forTerminal = (text: string): string => text.replace(/(?![\n\t])\p{Cc}/gu, '');

export const redact: Verb = (program, run) => {
  withCommon(
    program
      .command('redact')
      .description('print a text without its secrets; what was removed is counted on standard error')
      .argument('<FILE>', 'text file, or "-" for standard input'),
  ).action((file: string, options: CommonOptions) =>
    run(options, async (context) => {
      const { stdout, env } = context.world;
      const { text, counts } = redactText(await readInput(context.world, file, MAX_BYTES), {
        secrets: env.token === null ? [] : [env.token],
      });
      if (context.json) return { doc: { text, counts } };
      stdout.write(stdout.tty ? forTerminal(text) : text);
      context.note(`removed ${countsInWords(counts)}`);
      return { doc: undefined };
    }),
  );
};
