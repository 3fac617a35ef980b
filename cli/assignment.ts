import { FLAGS, FlagName } from '../contracts/flags.ts';
import { usage } from './exit.ts';
import { clean } from './text.ts';

/** `true`, `5`, `null` and `["a"]` as JSON; a list also as `a,b`; anything else is text. */
const valueOf = (name: string, text: string): unknown => {
  const known = FlagName.safeParse(name);
  try {
    return JSON.parse(text);
  } catch {
    if (known.success && FLAGS[known.data].type === 'list') return text.split(',').filter((part) => part !== '');
    return text;
  }
};

/** `NAME=VALUE` of a flag. @throws CliError (exit 2) where it sets nothing; `example` shows how it is written */
export const parseAssignment = (assignment: string, example: string): { name: string; value: unknown } => {
  const at = assignment.indexOf('=');
  if (at < 1) throw usage(`"${clean(assignment)}" sets nothing`, `write it as NAME=VALUE: ${example}`);
  const name = assignment.slice(0, at);
  return { name, value: valueOf(name, assignment.slice(at + 1)) };
};
