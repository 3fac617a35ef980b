import { interrupted, usage } from '../exit.ts';
import type { Context } from '../runner.ts';

const firstLine = async (chunks: AsyncIterable<Uint8Array>): Promise<string> => {
  let text = '';
  for await (const chunk of chunks) {
    text += Buffer.from(chunk).toString('utf8');
    if (text.includes('\n') || text.length > 100) break;
  }
  return text.split('\n')[0] ?? '';
};

/**
 * Asks a person who watches; only "y" and "yes" mean yes.
 * @throws CliError exit 2 where nobody can answer, exit 130 on CTRL-C
 */
export const confirmed = async ({ world, live }: Context, question: string): Promise<boolean> => {
  if (!live || !world.stdin.tty) throw usage(`nothing was written: ${question}`, 'look at what is shown, then run it again with --yes');
  world.stderr.write(`${question} [y/N] `);
  const stop = Promise.withResolvers<never>();
  const abort = () => stop.reject(interrupted());
  world.interrupted.addEventListener('abort', abort, { once: true });
  try {
    return /^\s*y(es)?\s*$/i.test(await Promise.race([firstLine(world.stdin.chunks), stop.promise]));
  } finally {
    world.interrupted.removeEventListener('abort', abort);
  }
};
