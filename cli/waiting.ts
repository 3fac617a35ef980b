import type { Api } from './api.ts';
import { CliError, EXIT } from './exit.ts';
import { clean } from './text.ts';
import { type Approval, type ApprovalDetail, ApprovalDetails } from './views.ts';

/** Jobs asked about at the same time. */
const AT_ONCE = 8;

/** A row of the list with the rules it was opened under; `rules` is null where the job has moved on since. */
export type Waiting = Approval & { rules: ApprovalDetail | null };

const rulesOf = async (api: Api, row: Approval): Promise<Waiting> => {
  try {
    const { body } = await api.call('GET', `/jobs/${row.job_id}/approvals`, ApprovalDetails);
    const rules = body.approvals.findLast(({ open, step, visit }) => open && step === row.step && visit === row.visit);
    return { ...row, rules: rules ?? null };
  } catch (error) {
    // Another server version, or a job that is gone: the list itself is still worth showing.
    if (error instanceof CliError && error.exit === EXIT.notFound) return { ...row, rules: null };
    throw error;
  }
};

/** Who is asked and who voted, for each row. */
export const withRules = async (api: Api, rows: readonly Approval[]): Promise<Waiting[]> => {
  const found: Waiting[] = [];
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    found.push(...(await Promise.all(rows.slice(from, from + AT_ONCE).map((row) => rulesOf(api, row)))));
  }
  return found;
};

/** `1/2 ann`. */
export const votesOf = ({ rules, votes, quorum }: Waiting): string => {
  const names = rules?.votes.map((vote) => (vote.by === vote.for ? clean(vote.by) : `${clean(vote.by)} for ${clean(vote.for)}`)) ?? [];
  return `${votes}/${quorum}${names.length > 0 ? ` ${names.join(', ')}` : ''}`;
};

/** Who may still decide: approvers, and `>` before whom they asked in their place. */
export const approversOf = ({ rules }: Waiting): string => {
  if (rules === null) return '';
  if (rules.approvers.length === 0) return 'anybody';
  const standIns = (name: string) => rules.delegations.filter(({ from }) => from === name).map(({ to }) => `>${clean(to)}`);
  return rules.approvers.map((name) => [clean(name), ...standIns(name)].join('')).join(', ');
};
