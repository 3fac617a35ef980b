import { createHash } from 'node:crypto';
import * as z from 'zod';
import { BudgetEscalation } from '../contracts/budget.ts';
import { LivePlan, overBudget } from '../contracts/live-plan.ts';
import { StageEvidence, stageMeaning } from '../contracts/rollout.ts';
import { limitText, percent, STANDINGS, VERDICTS, valueText } from '../functions/lib/rollout/words.ts';
import { amountText, partText } from './amounts.ts';
import type { Api } from './api.ts';
import { CliError, EXIT } from './exit.ts';
import { clean } from './text.ts';
import type { EventView, Job } from './views.ts';

/** Lines to show, and whether the file behind them is the one in the log. */
export type Figures = { lines: string[]; intact: boolean };

const Opening = z.looseObject({
  subject_digest: z.string(),
  subject: z.array(z.looseObject({ name: z.string(), key: z.string(), sha256: z.string() })),
});
const READ_MS = 20_000;

const planLines = (plan: LivePlan): string[] => {
  const { mode, chain, budget, estimate, risk } = plan;
  const { nano_usd, ...counted } = estimate;
  const estimated =
    nano_usd === null
      ? `${partText('calls', counted.calls)}, ${partText('tokens', counted.tokens)}; USD unknown, a model of the chain has no known price`
      : amountText({ ...counted, nano_usd });
  const over = overBudget(plan).map((part) => `${partText(part, estimate[part] ?? 0)} of ${partText(part, budget[part])}`);
  return [
    `mode ${mode}`,
    ...chain.map(({ position, provider, model, host }) => `chain ${position}. ${provider}/${model} at ${host ?? 'its own host'}`),
    `budget ${amountText(budget)}`,
    `estimate, at most ${estimated}`,
    ...(over.length > 0 ? [`warning: the estimate exceeds the budget: ${over.join(', ')}; the job will ask for more on the way`] : []),
    ...risk.map((text) => `risk: ${text}`),
  ];
};

const escalationLines = ({ limits, use: { committed, spent }, proposed }: BudgetEscalation): string[] => [
  `used ${amountText(spent)}`,
  `used and reserved ${amountText(committed)}`,
  `limits ${amountText(limits)}`,
  `limits if approved ${amountText(proposed)}`,
];

const stageLines = ({ stage, verdict, canaries, success_rate, baseline, criteria }: StageEvidence): string[] => [
  `stage ${stage} (${stageMeaning(stage).name}): ${STANDINGS[verdict].words}`,
  `canaries ${canaries.filter(({ ok }) => ok).length} of ${canaries.length} succeeded, ${percent(success_rate)}${baseline === null ? '' : `; baseline ${percent(baseline)}`}`,
  ...criteria.map(({ id, value, limit, verdict: found, detail }) => {
    const why = detail === null ? '' : `: ${detail}`;
    return `${VERDICTS[found].words} ${id} ${valueText(id, value)} (${limitText(id, limit)})${why}`;
  }),
];

/** What a signed file says, for the steps that sign figures; null for a document of another shape. */
const linesOf = (name: string, value: unknown): string[] | null => {
  if (name === 'live_confirm') {
    const plan = LivePlan.safeParse(value).data;
    return plan ? planLines(plan) : null;
  }
  if (name === STAGE_EVIDENCE) {
    const evidence = StageEvidence.safeParse(value).data;
    return evidence ? stageLines(evidence) : null;
  }
  const escalation = BudgetEscalation.safeParse(value).data;
  return escalation ? escalationLines(escalation) : null;
};

const STAGE_EVIDENCE = 'stage_evidence';
const NAMES: Record<string, string> = {
  ...{ llm_live_confirm: 'live_confirm', budget_escalation: 'budget_escalation' },
  ...{ stage_1: STAGE_EVIDENCE, stage_2: STAGE_EVIDENCE, stage_3: STAGE_EVIDENCE },
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const readFile = async (api: Api, path: string): Promise<Uint8Array | null> => {
  try {
    return new Uint8Array(await (await api.open(path, {}, AbortSignal.timeout(READ_MS))).arrayBuffer());
  } catch (error) {
    if (error instanceof CliError && error.exit === EXIT.notFound) return null;
    throw error;
  }
};

/**
 * The figures behind a digest: chain, mode, budget and estimate of live calls, use and limits of a budget, or criteria of a stage. None for
 * other steps. A file that is not what the log names is said to be so, and not shown.
 */
export const signedFigures = async (
  api: Api,
  job: Pick<Job, 'job_id'>,
  events: readonly EventView[],
  { step, digest }: { step: string; digest: string },
): Promise<Figures> => {
  const name = NAMES[step];
  const openings = events.filter((event) => event.event_type === 'WAITING_APPROVAL' && event.step === step);
  const opening = openings.flatMap(({ outputs }) => Opening.safeParse(outputs).data ?? []).findLast((one) => one.subject_digest === digest);
  const file = opening?.subject.find((one) => one.name === name);
  const prefix = `jobs/${job.job_id}/`;
  if (name === undefined || !file?.key.startsWith(prefix)) return { lines: [], intact: true };
  const path = file.key.slice(prefix.length).split('/').map(encodeURIComponent).join('/');
  const bytes = await readFile(api, `/jobs/${job.job_id}/artifacts/${path}`);
  if (bytes === null) return { lines: [`warning: the file ${name} is gone`], intact: false };
  if (createHash('sha256').update(bytes).digest('hex') !== file.sha256) {
    return { lines: [`warning: the file ${name} is not the one in the log`], intact: false };
  }
  const lines = linesOf(name, parsed(new TextDecoder().decode(bytes)));
  return { lines: (lines ?? [`the file ${name} is of a version this command does not read; see the page`]).map(clean), intact: true };
};
