import type { GuardRule } from '../../../contracts/guard.ts';
import type { FailureKind } from '../../../contracts/llm-journal.ts';

/** One way to recognise a pattern: an error's name, with or without its words; a provider's failure; a guard rule. */
export type Sign = { error: string; message?: RegExp } | { kind: FailureKind } | { rule: GuardRule };

export type FailurePattern = { name: string; signs: readonly Sign[]; explanation: string; remedy: string };

/** Where providers failed: what a person must put right comes before what passes by itself. */
const PROVIDERS = [
  {
    name: 'network_disabled',
    signs: [{ kind: 'network_disabled' }, { error: 'NetworkDisabled' }],
    explanation: 'No provider was called: the configuration forbids the network for model calls.',
    remedy: 'Run the job in mode replay, or unset HOLDPOINT_LLM_DISABLE_NETWORK where live calls are meant to happen.',
  },
  {
    name: 'provider_key_missing',
    signs: [{ kind: 'no_key' }],
    explanation: 'A provider of the chain has no key here, so it was not asked.',
    remedy: 'Set the variable that HOLDPOINT_LLM_API_KEY_ENV names, or on AWS the member of the secret; then redrive the job.',
  },
  {
    name: 'auth_rejected',
    signs: [{ kind: 'auth' }],
    explanation: 'A provider refused the key (401 or 403). The same key will be refused again.',
    remedy: 'Replace the key of that provider, then redrive the job.',
  },
  {
    name: 'quota_exhausted',
    signs: [{ kind: 'quota' }],
    explanation: 'The account at a provider has no credit or quota left. Waiting does not help.',
    remedy: 'Raise the quota or add credit there, or put another provider before it in HOLDPOINT_LLM_PROVIDER; then redrive the job.',
  },
  {
    name: 'provider_bad_request',
    signs: [{ kind: 'bad_request' }],
    explanation: 'A provider refused the request itself, most often for an unknown model name or a setting it does not take.',
    remedy: 'Compare HOLDPOINT_LLM_MODEL and HOLDPOINT_LLM_BASE_URL with what the provider offers, then redrive the job.',
  },
  {
    name: 'rate_limited',
    signs: [{ kind: 'rate_limited' }, { kind: 'overloaded' }],
    explanation: 'A provider was asked too often or was overloaded, also after the retries.',
    remedy: 'Redrive the job in some minutes, or add a provider to the chain.',
  },
  {
    name: 'provider_timeout',
    signs: [{ kind: 'timeout' }, { kind: 'out_of_time' }],
    explanation: 'A provider did not answer in time. It may have billed the call; the whole reservation counts as spent.',
    remedy: 'Redrive the job; if it happens again, raise HOLDPOINT_LLM_TIMEOUT_SECONDS or choose a faster model.',
  },
  {
    name: 'provider_unreachable',
    signs: [{ kind: 'network' }],
    explanation: 'The connection to a provider could not be made or broke.',
    remedy: 'Check HOLDPOINT_LLM_BASE_URL and the way out of this network, then redrive the job.',
  },
  {
    name: 'provider_error',
    signs: [{ kind: 'server_error' }],
    explanation: 'A provider failed on its side (5xx), also after the retries.',
    remedy: 'Look at the status page of the provider and redrive the job when it is well.',
  },
  {
    name: 'malformed_answer',
    signs: [{ kind: 'malformed' }],
    explanation: 'A provider said the call went well, but its answer could not be read.',
    remedy: 'Redrive the job; if it happens again, check that HOLDPOINT_LLM_BASE_URL speaks the protocol of the configured provider.',
  },
  {
    name: 'provider_cooling_down',
    signs: [{ kind: 'cooling_down' }],
    explanation: 'A provider failed repeatedly a moment ago and is left alone for a while.',
    remedy: 'Redrive the job in some minutes.',
  },
  {
    name: 'cassette_miss',
    signs: [{ error: 'CassetteMiss' }, { error: 'STOPPED_LLM_ERROR', message: /^no cassette for / }],
    explanation: 'The job replays recorded answers, and none was recorded for exactly this question. The error names what differs.',
    remedy: 'Record the answer ("llm": {"mode": "record"} in the spec, or "--simulate-llm"), or undo the change that the error names.',
  },
] as const satisfies readonly FailurePattern[];

const OUTPUTS = [
  {
    name: 'truncated_output',
    signs: [{ rule: 'truncation' }],
    explanation: 'The model stopped at its token limit, so the output is incomplete.',
    remedy: 'Send it back with a comment that asks for less, or raise the limit of the agent.',
  },
  {
    name: 'schema_violation',
    signs: [{ rule: 'schema' }],
    explanation: 'The output is not the document it should be. The findings name each member that is wrong.',
    remedy: 'Send it back with the first finding as the comment.',
  },
  {
    name: 'policy_keys_in_output',
    signs: [{ rule: 'policy_keys' }],
    explanation: 'The output sets costs or thresholds, which only a policy bundle may set.',
    remedy: 'Send it back, or change the policy bundle if the value is meant.',
  },
  {
    name: 'code_in_output',
    signs: [{ rule: 'code' }],
    explanation: 'The output holds code or markup where plain data is expected.',
    remedy: 'Send it back and ask for plain text.',
  },
  {
    name: 'holdout_leakage',
    signs: [{ rule: 'holdout_leakage' }],
    explanation: 'The output speaks of days that were withheld from the agent, so its result could not be trusted.',
    remedy: 'Send it back and ask for a rationale without dates after the research window.',
  },
  {
    name: 'unsupported_numbers',
    signs: [{ rule: 'unsupported_numbers' }],
    explanation: 'The output quotes numbers that are not among the measured ones.',
    remedy: 'Send it back and ask for the measured numbers only.',
  },
] as const satisfies readonly FailurePattern[];

const refused = (message: RegExp) => [{ error: 'CompileRefused', message }] as const;

const COMPILE = [
  {
    name: 'unknown_policy_bundle',
    signs: refused(/^there is no policy bundle "/),
    explanation: 'The spec names a policy bundle that this build does not have.',
    remedy: 'Use one of the bundles that the error lists.',
  },
  {
    name: 'unknown_symbol',
    signs: refused(/^symbol \S+ is not in /m),
    explanation: 'The blueprint uses a symbol that the snapshot, or the idea, does not have.',
    remedy: 'Name a symbol of the snapshot, or ingest a snapshot that has it.',
  },
  {
    name: 'look_ahead',
    signs: refused(/^look-ahead: /m),
    explanation: 'The evaluation reaches into the holdout, which would judge the strategy by data it was fitted to.',
    remedy: 'End the evaluation on the day that the error names, or before.',
  },
  {
    name: 'window_outside_snapshot',
    signs: refused(/ is outside snapshot /),
    explanation: 'The windows ask for days that the snapshot does not cover.',
    remedy: 'Choose windows inside the days that the error names, or ingest a longer snapshot.',
  },
  {
    name: 'window_outside_idea',
    signs: refused(/^train starts \S+, before the idea's window /m),
    explanation: 'The training window begins before the window of the idea.',
    remedy: 'Start the training on the first day of the idea, or later.',
  },
  {
    name: 'no_holdout',
    signs: refused(/ leaves no holdout after the evaluation/),
    explanation: 'The evaluation ends so late that no days are left to hold out.',
    remedy: 'End the evaluation earlier.',
  },
  {
    name: 'too_few_bars',
    signs: refused(/ has \d+ bars in \S+ .*, it needs \d+/),
    explanation: 'A window holds too few bars to say anything.',
    remedy: 'Choose longer windows, or another snapshot.',
  },
] as const satisfies readonly FailurePattern[];

const PLATFORM = [
  {
    name: 'unknown_price',
    signs: [{ error: 'STOPPED_BUDGET', message: /^no price is known for / }],
    explanation: 'What the next call would cost is not known, and a call without a price is not made.',
    remedy: 'Set the price as the error says, or choose a model of the price table.',
  },
  {
    name: 'budget_exceeded',
    signs: [{ error: 'STOPPED_BUDGET' }],
    explanation: 'The budget of the job does not cover its next model call, and it was not raised. Answers already paid for are kept.',
    remedy: 'Raise HOLDPOINT_BUDGET_CALLS, HOLDPOINT_BUDGET_TOKENS or HOLDPOINT_BUDGET_USD and submit the spec with the next "run".',
  },
  {
    name: 'kill_switch',
    signs: [{ error: 'KillSwitchActive' }],
    explanation: 'The kill switch stayed set for longer than the job could wait. Nothing was asked or written meanwhile.',
    remedy: 'Release it ("holdpoint kill --release"), then redrive the job.',
  },
  {
    name: 'state_timeout',
    signs: [{ error: 'States.Timeout' }],
    explanation: 'A state did not end within its time limit.',
    remedy: 'Redrive the job; recorded work is not done again.',
  },
  {
    name: 'function_throttled',
    signs: [{ error: 'Lambda.TooManyRequestsException' }, { error: 'AppendContention' }],
    explanation: 'Too much ran at the same time, also after the retries.',
    remedy: 'Redrive the job when fewer are running.',
  },
  {
    name: 'evidence_mismatch',
    signs: [{ error: 'EvidenceMismatch' }],
    explanation: 'A file that the log names is gone, or its bytes are not those that were recorded.',
    remedy: 'Run "holdpoint verify" for the job, restore the file from its versions, then redrive the job.',
  },
  {
    name: 'unreadable_document',
    signs: [{ error: 'UnreadableDocument' }],
    explanation: 'A stored document has a version or shape that this build does not read.',
    remedy: 'Deploy the build that wrote it, or submit the spec with the next "run".',
  },
  {
    name: 'context_tampered',
    signs: [{ error: 'CONTEXT_SIGNATURE_INVALID' }],
    explanation: 'What travels between two states was altered, belongs elsewhere, or is signed with a key that is gone.',
    remedy: 'Find out who could write to the execution; run "holdpoint verify" for the job before it is redriven.',
  },
  {
    name: 'malformed_payload',
    signs: [{ error: 'MALFORMED_PAYLOAD' }],
    explanation: 'A payload between two states does not have its shape; nothing of it was applied.',
    remedy: 'Start executions with a job spec, and deploy states and functions together.',
  },
] as const satisfies readonly FailurePattern[];

/** Known failures, as data. The first that fits is the one: order matters. Names are stable. */
export const FAILURE_PATTERNS = [...PROVIDERS, ...OUTPUTS, ...COMPILE, ...PLATFORM] as const;
export type PatternName = (typeof FAILURE_PATTERNS)[number]['name'];
