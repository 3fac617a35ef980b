/** Every Lambda function, declared once: the stack bundles them, the local cloud runs them. */
export type FunctionName =
  | 'intake'
  | 'intent'
  | 'checkpoint'
  | 'compile'
  | 'run'
  | 'gates'
  | 'registry'
  | 'report'
  | 'finish'
  | 'stop'
  | 'runner'
  | 'attest'
  | 'smoke'
  | 'enter'
  | 'canary'
  | 'evaluate'
  | 'rollback'
  | 'reconcile'
  | 'digest'
  | 'telemetry'
  | 'web';

export type FunctionSpec = {
  name: FunctionName;
  /** Placeholder of the state machine files that stands for this function's ARN. */
  placeholder?: string;
  /** Path of the module that exports `create`. */
  entry: string;
  memoryMb: number;
  timeoutSeconds: number;
  description: string;
  /** No state calls it any more. It stays deployed for executions that began when one did. */
  retired?: true;
};

const stage = (name: FunctionName, entry: string, description: string, more: Partial<FunctionSpec> = {}): FunctionSpec => ({
  name,
  placeholder: `${name[0]?.toUpperCase()}${name.slice(1)}Function`,
  entry,
  memoryMb: 512,
  timeoutSeconds: 60,
  description,
  ...more,
});

export const FUNCTIONS: readonly FunctionSpec[] = [
  stage('intake', 'functions/intake/handler.ts', 'Validates a job spec, opens the job and signs its context'),
  stage('intent', 'functions/agent/intent/handler.ts', 'Agent: idea to blueprint', { timeoutSeconds: 300 }),
  stage('checkpoint', 'functions/checkpoint/handler.ts', 'Opens an approval and keeps its task token'),
  stage('compile', 'functions/compile/handler.ts', 'Blueprint to run specification'),
  stage('run', 'functions/run/handler.ts', 'Backtest of a run specification', { memoryMb: 1024, timeoutSeconds: 120 }),
  stage('gates', 'functions/gates/handler.ts', 'Judges a result by the policy bundle', { memoryMb: 1024, timeoutSeconds: 120 }),
  stage('registry', 'functions/registry/handler.ts', 'Records the trial and the card'),
  stage('report', 'functions/agent/report/handler.ts', 'Agent: metrics to narrative', { timeoutSeconds: 300 }),
  stage('finish', 'functions/finish/handler.ts', 'Ends a job that succeeded'),
  stage('stop', 'functions/stop/handler.ts', 'Ends a job that did not succeed'),
  stage('runner', 'functions/runner/handler.ts', "Runs the project's checks, or reads what a build of them came to"),
  stage('attest', 'functions/attest/handler.ts', 'Reads what a person says of checks that gave no verdict'),
  stage('smoke', 'functions/smoke/handler.ts', 'Looks at stores, schemas, providers, flags and logs before a rollout', {
    timeoutSeconds: 180,
  }),
  stage('enter', 'functions/enter/handler.ts', 'Enters a stage of a rollout: sets its flags'),
  stage('canary', 'functions/canary/handler.ts', 'Starts a canary job of a rollout and records its end'),
  stage('evaluate', 'functions/evaluate/handler.ts', 'Judges a stage of a rollout by its canaries', { timeoutSeconds: 120 }),
  stage('rollback', 'functions/rollback/handler.ts', 'Sets the flags of a rollout back and ends it'),
  {
    name: 'reconcile',
    entry: 'functions/reconcile/handler.ts',
    memoryMb: 512,
    timeoutSeconds: 300,
    description: 'Brings projection, deliveries and executions in line with the log',
  },
  {
    name: 'digest',
    entry: 'functions/digest/handler.ts',
    memoryMb: 512,
    timeoutSeconds: 900,
    description: 'Signs where every log stands that grew',
  },
  {
    name: 'telemetry',
    entry: 'functions/web/telemetry/handler.ts',
    memoryMb: 512,
    timeoutSeconds: 29,
    description: 'Answers questions about telemetry in SQL',
  },
  { name: 'web', entry: 'functions/web/handler.ts', memoryMb: 1024, timeoutSeconds: 29, description: 'HTTP API and pages' },
];
