import type * as z from 'zod';
import { parseAssignment } from '../assignment.ts';
import { relativeTime } from '../duration.ts';
import { usage } from '../exit.ts';
import { parseText, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result } from '../runner.ts';
import { type Column, renderTable } from '../table.ts';
import { clean } from '../text.ts';
import { Flag, Flags } from '../views.ts';

type Options = CommonOptions & { reason?: string };
type FlagRow = z.infer<typeof Flag>;

const shown = (value: unknown): string => clean(value === null ? 'unset' : JSON.stringify(value));

const whoOf = ({ changed_by, held_by_kill_switch }: FlagRow): string => {
  const by = changed_by === null ? '' : clean(changed_by);
  return held_by_kill_switch ? [by, '(held by the kill switch)'].filter(Boolean).join(' ') : by;
};

const columns = ({ paint, live, world }: Context): Column<FlagRow>[] => [
  { head: 'FLAG', cell: ({ name }) => clean(name) },
  { head: 'VALUE', cell: ({ value }) => shown(value), paint: (text, row) => (row.changed_by === null ? text : paint.bold(text)) },
  { head: 'DEFAULT', cell: (row) => shown(row.default), paint: paint.dim, drop: 3 },
  { head: 'OWNER', cell: ({ owner }) => clean(owner), paint: paint.dim, drop: 2 },
  { head: 'CHANGED BY', cell: whoOf },
  {
    head: 'WHEN',
    cell: ({ changed_at }) => (changed_at === null ? '' : live ? relativeTime(changed_at, world.now()) : clean(changed_at)),
    paint: paint.dim,
    drop: 1,
  },
  { head: 'MEANING', cell: ({ meaning }) => clean(meaning), flex: true, paint: paint.dim },
];

const sayFlag = ({ say, paint }: Context, flag: FlagRow): void => {
  say(`${paint.bold(clean(flag.name))} = ${shown(flag.value)}  ${paint.dim(`default ${shown(flag.default)}, owner ${clean(flag.owner)}`)}`);
  say(clean(flag.meaning));
  if (flag.changed_by !== null) {
    const why = flag.reason === null ? '' : `: ${clean(flag.reason)}`;
    say(`set to ${shown(flag.set_to)} by ${clean(flag.changed_by)} at ${clean(flag.changed_at ?? '')}${why}`);
  }
  if (flag.held_by_kill_switch) say('the kill switch holds it; "holdpoint kill --release" lets it go');
};

const listFlags = async (context: Context): Promise<Result> => {
  const api = await context.connect();
  const { body } = await api.call('GET', '/flags', Flags);
  for (const line of renderTable(columns(context), body.flags, context.width, context.paint.dim)) context.say(line);
  const { halted, level, by, at } = body.kill;
  const kill = [halted ? 'halted' : '', level === 'none' ? '' : `down to ${clean(level)}`].filter((part) => part !== '').join(', ');
  if (kill !== '') context.say(context.paint.yellow(`kill switch: ${kill}, by ${clean(by ?? '')} at ${clean(at ?? '')}`));
  for (const complaint of body.complaints) context.say(context.paint.red(clean(complaint)));
  return { doc: body };
};

const getFlag = async (context: Context, name: string): Promise<Result> => {
  const api = await context.connect();
  const { body } = await api.call('GET', '/flags', Flags);
  const flag = body.flags.find((one) => one.name === name);
  if (!flag) throw usage(`there is no flag "${clean(name)}"`, 'list them with "holdpoint flags"');
  sayFlag(context, flag);
  return { doc: flag };
};

const setFlag = async (context: Context, assignment: string, reason: string | undefined): Promise<Result> => {
  const { name, value } = parseAssignment(assignment, 'holdpoint flags set telemetry=true');
  const body = { value, ...(reason === undefined ? {} : { reason }) };
  const api = await context.connect();
  const { body: flag } = await api.call('PUT', `/flags/${encodeURIComponent(name)}`, Flag, { body });
  sayFlag(context, flag);
  return { doc: flag };
};

const runFlags = (context: Context, [action, operand, ...rest]: readonly string[], { reason }: Options): Promise<Result> => {
  if (rest.length > 0) throw usage(`"${clean(rest.join(' '))}" is one argument too many`, 'see "holdpoint flags --help"');
  if (reason !== undefined && action !== 'set') throw usage('--reason goes with set', 'see "holdpoint flags --help"');
  if (action === undefined) return listFlags(context);
  if (action !== 'get' && action !== 'set') throw usage(`flags takes get or set, not "${clean(action)}"`, 'see "holdpoint flags --help"');
  if (operand === undefined)
    throw usage(`flags ${action} needs ${action === 'get' ? 'a NAME' : 'NAME=VALUE'}`, 'list them with "holdpoint flags"');
  return action === 'get' ? getFlag(context, operand) : setFlag(context, operand, reason);
};

export const flags: Verb = (program, run) => {
  withCommon(
    program
      .command('flags')
      .description('show flags, or set one')
      .argument('[ACTION...]', 'nothing, "get NAME" or "set NAME=VALUE"')
      .option('--reason <TEXT>', 'why, kept in the audit log', parseText),
  ).action((words: string[], options: Options) => run(options, (context) => runFlags(context, words, options)));
};
