import { addCheck } from '../cassette/check.ts';
import { addDiff } from '../cassette/diff.ts';
import { addList } from '../cassette/list.ts';
import { addPromote } from '../cassette/promote.ts';
import { addRekey } from '../cassette/rekey.ts';
import { addShow } from '../cassette/show.ts';
import type { Verb } from '../options.ts';

export const cassette: Verb = (program, run) => {
  const parent = program.command('cassette').description('recorded answers and fixtures');
  for (const add of [addList, addShow, addDiff, addCheck, addRekey, addPromote]) add(parent, run);
};
