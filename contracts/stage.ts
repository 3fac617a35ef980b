import type { EventType } from './events.ts';
import type { FlagValues } from './flags.ts';
import type { ArtifactRef, JobState } from './job-state.ts';
import type { ModelRequest } from './llm.ts';
import type { StageAnswer } from './llm-journal.ts';
import type { Observation, RolloutRules } from './rollout.ts';
import type { RunnerRequest, RunnerResult } from './runner.ts';
import type { SmokeFindings } from './smoke.ts';

/** A file a stage wants kept. `name` is how later states refer to it; `path` lies below `jobs/<job_id>/`. */
export type Artifact = {
  name: string;
  path: string;
  body: string;
  content_type: string /** Also created, once, at this key outside the job: the append-only registry. */;
  registry_key?: string;
};

/** Turns the text of an artifact into a value, or throws `UnreadableDocument`. */
export type Decoder<T> = (text: string) => T;

export type Documents<R> = { [K in keyof R]: R[K] extends Decoder<infer T> ? T : never };

/** What a stage is given: values only. */
export type StageInput<D> = {
  job_id: string;
  run_id: string;
  state: string;
  visit: number;
  /** ISO instant of this visit. */
  at: string;
  docs: D;
  refs: Record<string, ArtifactRef>;
  facts: Record<string, string | number | boolean>;
  /** Folded from the log, where the stage's `folds` asked for it. */
  job: JobState | null;
};

/** What a stage answers: files, one event, and the facts and routes later states need. */
export type StageOutput = {
  artifacts: Artifact[];
  /** Null when the state ends without a line in the log (a guard stopped an output). */
  event: { event_type: EventType; step?: string | null; message?: string | null; outputs: Record<string, unknown> } | null;
  facts?: Record<string, string | number | boolean>;
  /** Fields beside `context` that a Choice of the machine may read. */
  route?: Record<string, string>;
  /** How many items a Map after this state works on: it is given their numbers, from 0. */
  items?: number;
};

/** What a stage that runs commands may do. */
export type RunnerEffects = {
  /** The project's own repository. */
  repository: string;
  /**
   * The flags, where a command may be run at all.
   * @throws KillSwitchActive
   */
  allowed: () => Promise<FlagValues>;
  /**
   * One attempt; `path` is its folder below the job. No failure of the tool throws.
   * @throws RunnerPending while a build works on it
   */
  run: (request: Omit<RunnerRequest, 'prefix'> & { path: string }) => Promise<RunnerResult>;
};

/** Effects a producing stage may use. Deterministic stages ignore them. */
export type StageEffects = {
  /** A live answer also says what it took to get it. */
  ask: (request: ModelRequest) => Promise<StageAnswer>;
  /** The flags as they hold now; absent, all of them are off. */
  flags?: () => Promise<FlagValues>;
  /** Trials of other jobs, newest first, as text: none unless the flag `history_pack` is on. */
  history?: () => Promise<string[]>;
  /** Text at a path below the job, made once: a retry is given what the first try made. */
  once?: (path: string, make: () => Promise<string>) => Promise<string>;
  /** Runs commands, where the function is given a runner. */
  runner?: RunnerEffects;
  /** Ends the wait for an answer that the stage can do without; absent, nothing does. */
  patience?: () => AbortSignal;
  /** For the stages of rollouts alone. */
  rollout?: RolloutEffects;
  /** For the state that looks at what all others depend on. */
  smoke?: SmokeEffects;
};

/** A look at stores, providers, flags and logs, as they are now. */
export type SmokeEffects = { look: () => Promise<SmokeFindings> };

/** What a stage of a rollout may do and see. */
export type RolloutEffects = {
  rules: RolloutRules;
  current: () => Promise<FlagValues>;
  /** Sets flags, in the name of the rollout. Values that hold already are left alone. */
  set: (values: Readonly<Record<string, unknown>>, reason: string) => Promise<void>;
  /** What the canaries of a stage left behind, and the success rate that theirs is compared with. */
  observe: (stage: number) => Promise<{ observations: Observation[]; planned: number; baseline: number | null }>;
};

type Decoders = Record<string, Decoder<unknown>>;

/**
 * A stage: which documents it reads, and what it makes of them. It never sees a clock, an id, an SDK or
 * the environment.
 */
export type Stage<R extends Decoders, O extends Decoders = Record<never, never>> = {
  reads: R;
  /** Documents that may not exist yet: null then. */
  optional?: O;
  /**
   * Whether the stage needs the job's history: always, or only where it is entered again or may call a live model
   * (revision comments, overrides, confirmations). A first visit has no history of its own, and reads nothing.
   */
  folds?: boolean | 'revisit';
  /** Where a recorded answer will not do: when every provider fails the job stops instead. */
  requireLive?: boolean;
  run: (
    input: StageInput<Documents<R> & { [K in keyof Documents<O>]: Documents<O>[K] | null }>,
    effects: StageEffects,
  ) => StageOutput | Promise<StageOutput>;
};

/** Infers a stage's document types from its `reads` and `optional`. */
export const defineStage = <const R extends Decoders, const O extends Decoders = Record<never, never>>(stage: Stage<R, O>): Stage<R, O> =>
  stage;
