import * as z from 'zod';
import type { FlagValues } from './flags.ts';
import { ActorId, Instant } from './ids.ts';

/** How far features are switched off: each level holds what the one before it holds, and more. */
export const KILL_LEVELS = ['none', 'stage2', 'stage1', 'off'] as const;
export const KillLevel = z.enum(KILL_LEVELS);
export type KillLevel = z.infer<typeof KillLevel>;

/** What `kill --to` takes. */
export const KillTarget = KillLevel.exclude(['none']);
export type KillTarget = z.infer<typeof KillTarget>;

const Reason = z.string().min(1).max(4000).nullable();

/** `by`, `reason` and `at` are those of the last change; null where nobody ever changed it. */
export const KillSwitch = z.strictObject({
  /** No new jobs, model calls and external writes. */
  halted: z.boolean(),
  level: KillLevel,
  by: ActorId.nullable(),
  reason: Reason,
  at: Instant.nullable(),
});
export type KillSwitch = z.infer<typeof KillSwitch>;

/** A value somebody set, and who, when and why. */
export const FlagSetting = z.strictObject({ value: z.unknown(), by: ActorId, at: Instant, reason: Reason });
export type FlagSetting = z.infer<typeof FlagSetting>;

/** `flag_state_v1`: flags and kill switch as the audit log has them up to event `version`. Always rebuildable from it. */
export const FlagState = z.strictObject({
  schema_version: z.literal('flag_state_v1'),
  /** Sequence number in the audit log; 0 before its first event. */
  version: z.int().min(0),
  settings: z.record(z.string(), FlagSetting),
  kill: KillSwitch,
});
export type FlagState = z.infer<typeof FlagState>;

/** What holds now. */
export type Switches = {
  /** With the kill switch applied. */
  flags: FlagValues;
  kill: KillSwitch;
  /** False where the state could not be read: every flag has its safe value, and nothing live or external may happen. */
  readable: boolean;
  /** Stored values that could not be used. */
  complaints: string[];
};

const STAGE_2 = { extended_contexts: false } as const;
const STAGE_1 = {
  ...STAGE_2,
  ...{ history_pack: false, document_substitution: false, intention_context: false, embedding_budget: 0 },
  ...{ doctor_enabled: false, shadow_enabled: false },
} as const;

/** The flags a level holds, and at what. The rest stay as they are set. */
export const HELD: { readonly [L in KillLevel]: Partial<FlagValues> } = {
  none: {},
  stage2: STAGE_2,
  stage1: STAGE_1,
  off: { ...STAGE_1, telemetry: false },
};
