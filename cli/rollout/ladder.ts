import { CRITERIA, type JudgedCriterion, type StageEvidence } from '../../contracts/rollout.ts';
import type { CanaryView, StageView } from '../../contracts/rollout-http.ts';
import { limitText, STANDINGS, settingsText, type Tone, targetText, VERDICTS, valueText } from '../../functions/lib/rollout/words.ts';
import { nextFor, sayJob } from '../jobs.ts';
import type { Context, Paint } from '../runner.ts';
import { type Column, renderTable } from '../table.ts';
import { clean } from '../text.ts';
import type { RolloutView } from './find.ts';

const painted = (paint: Paint, tone: Tone, text: string): string => {
  if (tone === null) return paint.dim(text);
  return { good: paint.green, bad: paint.red, wait: paint.yellow, run: paint.cyan }[tone](text);
};

const counted = ({ planned, canaries }: StageView): string =>
  planned === null ? '' : `${canaries.filter(({ result }) => result?.ok).length} of ${planned}`;

const ladderColumns = ({ paint }: Context): Column<StageView>[] => [
  { head: 'STAGE', cell: ({ stage }) => String(stage), right: true },
  { head: 'BRINGS IN', cell: ({ name }) => clean(name) },
  {
    head: 'STANDING',
    cell: ({ standing }) => STANDINGS[standing].words,
    paint: (text, { standing }) => painted(paint, STANDINGS[standing].tone, text),
  },
  { head: 'CANARIES OK', cell: counted, paint: paint.dim, drop: 1 },
  { head: 'FLAGS SET', cell: ({ flags }) => (flags === null ? '' : clean(settingsText(flags))), paint: paint.dim, flex: true },
];

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

const criterionColumns = ({ paint }: Context): Column<JudgedCriterion>[] => [
  { head: 'CRITERION', cell: ({ id }) => id },
  { head: 'FOUND', cell: ({ id, value }) => plain(valueText(id, value)), right: true },
  { head: 'MUST BE', cell: ({ id, limit }) => plain(limitText(id, limit)), drop: 1 },
  {
    head: 'VERDICT',
    cell: ({ verdict }) => VERDICTS[verdict].words,
    paint: (text, { verdict }) => painted(paint, VERDICTS[verdict].tone, text),
  },
  { head: 'MEANING', cell: ({ id }) => CRITERIA[id].meaning, paint: paint.dim, flex: true },
];

const sayTable = <T>({ say, width, paint }: Context, columns: Column<T>[], rows: readonly T[]): void => {
  for (const line of renderTable(columns, rows, width, paint.dim)) say(line);
};

/** What a stage was judged by, and what stands out of it. */
const sayEvidence = (context: Context, { stage, verdict, criteria }: StageEvidence): void => {
  context.say();
  context.say(`stage ${stage} was judged: ${STANDINGS[verdict].words}`);
  sayTable(context, criterionColumns(context), criteria);
  for (const { id, detail } of criteria) if (detail !== null) context.say(`  ${id}: ${clean(detail)}`);
};

const sayOpen = ({ say, paint }: Context, { index, job_id, status, step }: CanaryView): void => {
  const where =
    status === null ? 'not opened yet' : [status, step === null ? '' : `at ${clean(step)}`].filter((part) => part !== '').join(' ');
  say(`${paint.dim('canary')} ${index + 1} ${job_id} ${where}`);
};

/** A rollout in the terminal: its ladder, the last evidence, canaries that have not ended, and what a rollback did. */
export const sayRollout = (context: Context, rollout: RolloutView): void => {
  const { say, paint } = context;
  sayJob(context, rollout);
  say(`${paint.dim('brings in')} ${clean(targetText(rollout.target))}, through stage ${rollout.through}`);
  sayTable(context, ladderColumns(context), rollout.stages);
  const evidence = rollout.stages.findLast((stage) => stage.evidence !== null)?.evidence;
  if (evidence) sayEvidence(context, evidence);
  for (const canary of rollout.stages.flatMap(({ canaries }) => canaries)) if (canary.result === null) sayOpen(context, canary);
  const { rollback } = rollout;
  if (rollback) {
    say();
    const why = rollback.message === null ? '' : `: ${clean(rollback.message)}`;
    say(paint.red(`rolled back to stage ${rollback.to_stage} by ${clean(rollback.by)}${why}`));
    say(`${paint.dim('flags set back')} ${clean(settingsText(rollback.flags))}`);
  }
};

/** What anyone may do about a rollout; null once it is over. */
export const nextForRollout = (rollout: RolloutView): string | null => {
  const { job_id, status, step } = rollout;
  if (status === 'DONE') return null;
  if (status === 'WAITING_HUMAN') return nextFor(rollout);
  if (status === 'WAITING_APPROVAL' && step?.startsWith('stage_'))
    return `"holdpoint rollout approve ${job_id}", or "holdpoint rollout rollback ${job_id}"`;
  return `follow it with "holdpoint watch ${job_id}"; go back with "holdpoint rollout rollback ${job_id}"`;
};
