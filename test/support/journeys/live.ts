import type { CloudOptions } from '../../../infra/local/cloud.ts';
import type { Question } from '../../../infra/local/simulator/simulator.ts';
import type { AwsRequest } from '../../../infra/local/wire.ts';
import { approve, driveToEnd, getJob, startTestCloud, submit, until, untilSettled } from '../cloud.ts';
import { ask, by, decide, ended, FAILED, idea, SDK_TRIES, saying, setFlag } from './steps.ts';

const NONSENSE = 'The model answers this with nonsense';
const UNSURE = 'Something about the market, I am not sure what.';
const asking = ({ user }: Question): string | undefined => {
  if (user.some((text) => text.includes(NONSENSE)) && !user.some((text) => text.startsWith('Explain this failure.'))) return 'nonsense';
  return user.some((text) => text.includes(UNSURE) && !text.includes('the_authors_answer'))
    ? JSON.stringify({ schema_version: 'agent_question_v1', question: 'Which holding period do you mean?' })
    : undefined;
};

/** Live and recorded answers, questions back, budgets that run out, and providers that all fail. */
export const live = async (options: Partial<CloudOptions>): Promise<void> => {
  const environment = {
    HOLDPOINT_LLM_DISABLE_NETWORK: undefined,
    HOLDPOINT_LLM_RETRIES: '0',
    HOLDPOINT_LLM_TIMEOUT_SECONDS: '2',
    HOLDPOINT_BUDGET_CALLS: '2',
    HOLDPOINT_FLAGS_MAX_AGE_MS: '20',
  };
  let failures = 0;
  const failing = (request: AwsRequest): boolean =>
    by('stop', request) && request.method === 'PUT' && request.path.includes('-events/') && failures-- > 0;
  const intercept: CloudOptions['intercept'] = (handle) => async (request) => (failing(request) ? FAILED : handle(request));
  const cloud = await startTestCloud({ simulate: { answer: asking }, environment, intercept, ...options });
  const { web } = cloud;
  const confirmed = async (spec: unknown): Promise<string> => {
    const { job_id } = await submit(web, spec);
    await approve(web, job_id, 'llm_live_confirm');
    return job_id;
  };
  try {
    const recorded = await confirmed(saying('Trends go on for a while.', { llm: { mode: 'record' } }));
    const question = await confirmed(saying(UNSURE, { llm: { mode: 'live' } }));
    await until(
      () => getJob(web, question),
      ({ job }) => job.status !== 'RUNNING',
    );
    await ask(web, `/jobs/${question}/resume`, { body: { step: 'intent', answer: 'About a quarter.' } });
    await untilSettled(web, recorded, 'blueprint');
    // Its blueprint was recorded, its report was not.
    const replay = await submit(web, saying('Trends go on for a while.', { llm: { mode: 'replay' } }));
    await driveToEnd(web, replay.job_id);
    await driveToEnd(web, recorded);
    // Here it is gone at the report.
    const late = await confirmed(saying('A late budget idea.', { llm: { mode: 'live' } }));
    await decide(web, late, 'blueprint', 'revise');
    await approve(web, late, 'blueprint');
    await approve(web, late, 'runspec');
    await decide(web, late, 'budget_escalation', 'reject');
    const spent = await confirmed(saying('Another budget idea.', { llm: { mode: 'live' } }));
    await decide(web, spent, 'blueprint', 'revise');
    await decide(web, spent, 'blueprint', 'revise');
    await decide(web, spent, 'budget_escalation', 'approve');
    await untilSettled(web, spent, 'blueprint');
    await untilSettled(web, question, 'blueprint');
    // What cannot be compiled is explained by the doctor: not asked, asked in a replay, and asked of a model.
    const unreadable = (mode: string, n: number) => saying(`${NONSENSE} (${n}).`, { llm: { mode } });
    const used = async (jobId: string): Promise<void> => {
      await approve(web, jobId, 'agent_output_invalid');
      await ended(web, jobId);
    };
    await used(await confirmed(unreadable('record', 1)));
    await setFlag(web, 'doctor_enabled');
    await used((await submit(web, unreadable('replay', 1))).job_id);
    // What ends the job fails once after the doctor answered: the second try finds that answer, and does not pay again.
    failures = SDK_TRIES;
    await used(await confirmed(unreadable('record', 2)));
    // Here the money is gone when the doctor is asked.
    const poor = await confirmed(unreadable('record', 3));
    await decide(web, poor, 'agent_output_invalid', 'revise');
    await used(poor);
    for (const flag of ['history_pack', 'telemetry']) await setFlag(web, flag);
    await driveToEnd(web, await confirmed(saying('Trends have a history.', { llm: { mode: 'live' } })));
    cloud.simulator?.setFaults([{ kind: 'server_error', times: Number.POSITIVE_INFINITY }]);
    const degraded = await confirmed(idea('idea-trend', { llm: { mode: 'live' } }));
    await untilSettled(web, degraded, 'blueprint');
    await ended(web, await confirmed(saying('An idea nobody recorded.', { llm: { mode: 'record' } })));
  } finally {
    await cloud.remove();
  }
};
