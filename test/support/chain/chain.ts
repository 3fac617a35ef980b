import { LOCAL_POLICY } from '../../../contracts/approval-policy.ts';
import { CHAIN_FLOW, type StateFlow } from '../../../contracts/flow.ts';
import { type Build, thisBuild } from '../../../infra/local/build.ts';
import type { CloudOptions } from '../../../infra/local/cloud.ts';

const FIRST = 'ChainBegin';
const LAST = 'ChainEnd';

const task = (state: string, fn: string, hold: string | undefined, next: string) => ({
  Type: 'Task',
  Resource: `arn:aws:states:::lambda:invoke${hold ? '.waitForTaskToken' : ''}`,
  Parameters: {
    FunctionName: `\${${fn}}`,
    Payload: {
      state,
      'run_id.$': '$$.Execution.Name',
      'input.$': state === FIRST ? '$$.Execution.Input' : '$',
      ...(hold ? { step: hold, 'task_token.$': '$$.Task.Token' } : {}),
    },
  },
  ...(hold ? {} : { OutputPath: '$.Payload' }),
  TimeoutSeconds: hold ? 86_400 : 60,
  Next: next,
});

const functionOf = (state: string, { step }: StateFlow): string =>
  state === FIRST ? 'IntakeFunction' : step ? 'CheckpointFunction' : 'CompileFunction';

const flow: [string, StateFlow][] = Object.entries(CHAIN_FLOW);

/** Eight states with the harness around nothing, two approvals, and the end. */
export const CHAIN_MACHINE = {
  StartAt: FIRST,
  TimeoutSeconds: 86_400,
  States: {
    ...Object.fromEntries(flow.map(([state, own]) => [state, task(state, functionOf(state, own), own.step, own.next)])),
    [LAST]: task(LAST, 'FinishFunction', undefined, 'Succeeded'),
    Succeeded: { Type: 'Succeed' },
  },
};

/** The functions that stand for the chain's own, under names whose roles may do what they do. */
const ENTRIES: Record<string, string> = { compile: 'test/support/chain/pass.ts', finish: 'test/support/chain/end.ts' };

export const chainBuild = (): Build => ({
  ...thisBuild(),
  functions: thisBuild().functions.map((spec) => ({ ...spec, entry: ENTRIES[spec.name] ?? spec.entry })),
  machines: { ...thisBuild().machines, job: JSON.stringify(CHAIN_MACHINE) },
});

/** A cloud whose jobs are chains, and where nobody is told of anything. */
export const chainOptions = (): Partial<CloudOptions> => ({
  build: chainBuild(),
  environment: { HOLDPOINT_APPROVAL_POLICY: JSON.stringify({ ...LOCAL_POLICY, recipients: [] }) },
});
