import type { ContextPack } from '../../../contracts/context-pack.ts';
import type { JobEvent } from '../../../contracts/events.ts';
import type { Phase6Metric, TelemetryRow, TelemetryRows, TelemetryTable, TokenEfficiencyMetric } from '../../../contracts/telemetry.ts';
import { usageRows } from '../agent/usage.ts';
import { tokenEfficiencyRow } from '../context-builder/row.ts';
import { harden, phase6Row } from '../hardening/harden.ts';
import { type Phase, type Walked, walk } from './phases.ts';

/** States that ask a model in a context, and the agent that does. */
const AGENTS: Readonly<Record<string, string>> = { Intent: 'intent', Report: 'report' };

const phaseId = ({ state, visit }: Pick<Phase, 'state' | 'visit'>): string => `${state}:${visit}`;

/** Context packs by phase id. */
export type Packs = ReadonlyMap<string, ContextPack>;

/** Where the context packs of a job may lie, below the job, by phase id: its log names them, or cannot tell. */
export const packPaths = (events: readonly JobEvent[]): Map<string, string> => {
  const wanted = new Map<string, string>();
  for (const phase of walk(events).phases) {
    const agent = AGENTS[phase.state];
    if (agent === undefined || phase.artifacts?.includes(`${agent}_context`) === false) continue;
    wanted.set(phaseId(phase), `outputs/agents/${agent}/${phase.visit}/context_pack.json`);
  }
  return wanted;
};

const isSame = (a: Phase, b: Phase): boolean => a.run_id === b.run_id && a.state === b.state && a.visit === b.visit;

/** A context is counted once per run and phase: with the outcome that the phase had in the end. */
const efficiency = (phases: readonly Phase[], packs: Packs): TokenEfficiencyMetric[] =>
  phases.map((phase, at) => {
    const { run_id, outcome: phase_outcome } = phase;
    const last = !phases.slice(at + 1).some((later) => isSame(phase, later));
    return tokenEfficiencyRow({ run_id, phase_id: phaseId(phase), phase_outcome }, (last && packs.get(phaseId(phase))) || null);
  });

const phase6 = (phases: readonly Phase[], packs: Packs): Phase6Metric[] =>
  phases
    .filter((phase, at) => !phases.slice(0, at).some((earlier) => isSame(phase, earlier)))
    .map((phase) => {
      const failure = phases.find((one) => isSame(one, phase) && one.failure)?.failure ?? null;
      const phase_id = phaseId(phase);
      return phase6Row(
        { run_id: phase.run_id, phase_id },
        { hardened: failure && harden(failure), intention_context_injected: packs.get(phase_id)?.intention_context_injected ?? false },
      );
    });

const escalations = ({ raises }: Walked, wanted: number): TelemetryRow<'token_budget_escalation_events'>[] =>
  raises.flatMap(({ run_id, state, visit, reason, tokens, at, ending }, i) => {
    const escalation_count = raises.slice(0, i + 1).filter((one) => one.run_id === run_id).length;
    const row = { run_id, phase_id: `${state}:${visit}`, escalation_reason: reason, new_budget_tokens: tokens, escalation_count, at };
    return ending === wanted ? [row] : [];
  });

/** Calls by the ending they came before; what an earlier ending listed is not listed again. */
const usage = (events: readonly JobEvent[]): TelemetryRow<'llm_usage_events'>[][] => {
  const parts: unknown[][] = [[]];
  for (const event of events) {
    const calls = event.outputs['calls'];
    if (Array.isArray(calls)) parts.at(-1)?.push(...calls);
    if (event.event_type === 'DONE') parts.push([]);
  }
  const seen = new Set<string>();
  return parts.map((calls) =>
    usageRows(calls).filter(({ call_id }) => {
      const known = seen.has(call_id);
      seen.add(call_id);
      return !known;
    }),
  );
};

/**
 * The rows of a job for the telemetry tables, one set per ending so far, the oldest first. Pure: the same log and the same
 * context packs are the same rows. Throws `UnreadableDocument` for a model call in the log of another shape.
 */
export const telemetryRows = (events: readonly JobEvent[], packs: Packs): TelemetryRows[] => {
  const walked = walk(events);
  const calls = usage(events);
  return Array.from({ length: walked.endings }, (_, i) => {
    const phases = walked.phases.filter(({ ending }) => ending === i + 1);
    return {
      llm_usage_events: calls[i] ?? [],
      token_efficiency_metrics: efficiency(phases, packs),
      phase6_metrics: phase6(phases, packs),
      token_budget_escalation_events: escalations(walked, i + 1),
    };
  });
};

/** The order in which a job's tables are written: that of the phases is the last, so that where it is, everything is. */
export const WRITE_ORDER: readonly TelemetryTable[] = [
  'llm_usage_events',
  'token_budget_escalation_events',
  'phase6_metrics',
  'token_efficiency_metrics',
];

/** Every job has rows in it, and they are written last: where they are, all are. */
export const LAST_WRITTEN = 'token_efficiency_metrics' satisfies TelemetryTable;
