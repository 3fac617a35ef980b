import type { Amount, Budgets } from '../../contracts/budget.ts';
import type { Commands, Refusal } from '../../contracts/commands.ts';
import type { Actor, EventDraft, JobEvent } from '../../contracts/events.ts';
import type { DigestPage, VerifyPage, VerifyReport } from '../../contracts/http.ts';
import type { JobState } from '../../contracts/job-state.ts';
import type { LinkOf } from '../../contracts/notification.ts';
import type { Artifacts, Cassettes, Clock, JobIndex, KeyRing, Telemetry } from '../../contracts/ports.ts';
import type { Snapshot } from '../../contracts/snapshot.ts';
import type { OpenCanary } from '../lib/rollout/view.ts';
import type { SwitchCommands } from '../stage/switches.ts';
import type { Operators } from './http/operator.ts';
import type { FlowMap } from './model/flow-map.ts';
import type { CountedCost } from './model/job-cost.ts';
import type { MetricsReader } from './model/service-metrics.ts';
import type { SignIn } from './session/sign-in.ts';

export type Snapshots = {
  /** Stores daily bars under the id. Throws `Refusal` for bars that cannot be read, or an id that is taken. */
  put(id: string, csv: string, options: { symbol: string | null; source: string | null }): Promise<Snapshot>;
  list(): Promise<Snapshot[]>;
};

/** `newest`: the last sequence that arrived, 0 where none is known. `next`: what came just now, where it is all that came. */
export type Arrived = { newest: number; next: JobEvent | null };

export type Arrivals = {
  /** Waits until an event after `after` has arrived, or the signal is given. */
  wait(jobId: string, after: number, signal: AbortSignal): Promise<Arrived>;
};

/** Everything the API and the pages need from outside. */
export type WebDeps = {
  env: string;
  commands: Commands;
  index: JobIndex;
  telemetry: Pick<Telemetry, 'rows'>;
  artifacts: Artifacts;
  cassettes: Cassettes;
  snapshots: Snapshots;
  clock: Clock;
  /** What a job may spend unless an approval raised it. */
  budget: Amount;
  /** What a job has spent and reserved. */
  budgetUse: Budgets['use'];
  /** Who asks. A refusal closes every route but the health check, the API document and the assets. */
  identify: (request: Request) => Actor | Refusal;
  /** Who runs the environment: cancels, redrives, takes links back, changes flags, stops everything. */
  operators: Operators;
  /** Puts into the audit log that somebody tried what they may not. */
  noteRefusal: (refused: Pick<EventDraft, 'actor' | 'step' | 'message' | 'outputs'>) => Promise<unknown>;
  /** Where people sign in; without it `identify` alone says who asks. */
  signIn?: SignIn | null;
  /** Whether an approver's link alone shows the evidence and decides. */
  linkApproval: boolean;
  /** Verification of logs, and what others need to verify them. */
  proof: {
    /** Null for a job that never was. */
    verify: (jobId: string) => Promise<VerifyReport | null>;
    /** The next logs after this one, the audit log first. */
    logs: (after: string | null, limit: number) => Promise<VerifyPage>;
    digests: (after: number, limit: number) => Promise<DigestPage>;
    /** A digest as stored; null when there is none. */
    digest: (seq: number) => Promise<string | null>;
    /** The public key, PEM. */
    key: () => Promise<string>;
  };
  /** Units counted for a job and its executions, where somebody counts. */
  counted?: ((job: { id: string; runs: readonly string[]; done: boolean }) => Promise<CountedCost>) | undefined;
  /** What the history of an execution counts, where nobody counts requests. */
  history?: ((kind: JobState['kind'], runId: string) => Promise<{ transitions: number; invocations: number } | null>) | undefined;
  /** Flags and kill switch. */
  switches: SwitchCommands;
  /** A machine's definition, as parsed from its file; asked for once, with the first of its jobs that is looked at. */
  flow: (machine: 'job' | 'rollout') => Promise<unknown>;
  /** Canaries of a rollout that have not ended. */
  openCanaries: (state: JobState, events: readonly JobEvent[]) => Promise<OpenCanary[]>;
  /** Keys that vouch for the forms of approvers' links. */
  keyRing: () => Promise<KeyRing>;
  /** Makes the links that the outbox page shows. */
  linkOf?: LinkOf | null;
  /** On this machine: only loopback names are served, and HSTS is off. */
  local: boolean;
  /** Where the event stream may keep its connection open: says when a job's log grew. */
  arrivals?: Arrivals | undefined;
  /** Told of errors that nobody expected, before the caller gets a bare INTERNAL. */
  report?: (error: Error, request: { method: string; path: string }) => void;
};

/** What routes are given: the dependencies, and the maps of the machines, each made once. */
export type Web = WebDeps & { map: (job: Pick<JobState, 'kind'>) => Promise<FlowMap>; metrics: MetricsReader };
