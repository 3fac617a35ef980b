import type { ContextPiece, HistoryTier } from '../../../contracts/context-pack.ts';
import { EXTENDED_HISTORY_CAPS, type FlagValues, HISTORY_CAPS } from '../../../contracts/flags.ts';
import { piece, sumTokens } from './render.ts';

export type Caps = { tiers: number; phases: number };
export type HistoryFlags = Pick<
  FlagValues,
  'history_pack' | 'extended_contexts' | 'history_pack_max_tiers' | 'history_pack_max_phases' | 'document_substitution'
>;

/** Caps in force. A flag lowers the cap of the stage and never raises it; without the pack nothing is allowed. */
export const capsOf = (flags: HistoryFlags): Caps => {
  if (!flags.history_pack) return { tiers: 0, phases: 0 };
  const stage = flags.extended_contexts ? EXTENDED_HISTORY_CAPS : HISTORY_CAPS;
  const lower = (cap: number, flag: number | null): number => Math.min(cap, flag ?? cap);
  return { tiers: lower(stage.tiers, flags.history_pack_max_tiers), phases: lower(stage.phases, flags.history_pack_max_phases) };
};

export type Chosen = {
  /** Phases in order of tier; without the heading. */
  pieces: ContextPiece[];
  tiers: number;
  phases: number;
  phases_omitted: number;
};

type Candidate = { tier: number; rank: number; piece: ContextPiece };

const candidatesOf = (tiers: readonly HistoryTier[], clean: (text: string) => string): Candidate[] =>
  tiers.flatMap(({ name, phases }, tier) =>
    phases.map(({ run_id, phase_id, outcome, summary }, rank) => {
      const source = clean([name, run_id, phase_id].join(' / '));
      return { tier, rank, piece: piece('history', source, clean(`${outcome}: ${summary}`)) };
    }),
  );

/**
 * Phases of a history pack. Each tier gets its first phase before any gets its second, so that a long tier does not
 * crowd out the others. A phase that does not fit into `room` tokens is left out.
 */
export const chooseHistory = (tiers: readonly HistoryTier[], caps: Caps, room: number, clean: (text: string) => string): Chosen => {
  const offered = tiers.filter(({ phases }) => phases.length > 0).slice(0, caps.tiers);
  const taken: Candidate[] = [];
  let left = room;
  for (const candidate of candidatesOf(offered, clean).sort((a, b) => a.rank - b.rank || a.tier - b.tier)) {
    if (taken.length >= caps.phases || candidate.piece.tokens > left) continue;
    taken.push(candidate);
    left -= candidate.piece.tokens;
  }
  const all = tiers.reduce((sum, { phases }) => sum + phases.length, 0);
  return {
    pieces: taken.sort((a, b) => a.tier - b.tier || a.rank - b.rank).map(({ piece }) => piece),
    tiers: new Set(taken.map(({ tier }) => tier)).size,
    phases: taken.length,
    phases_omitted: all - taken.length,
  };
};

/** First line of a history pack; says what it stands in for, so that no reader misses a document unawares. */
export const heading = (standsInFor: readonly string[]): ContextPiece => {
  const replaced = standsInFor.length > 0 ? ` They stand in for ${standsInFor.join(', ')}, left out here.` : '';
  return piece('history', 'history pack', `Summaries of earlier phases.${replaced}`);
};

/** The whole pack; empty without phases. */
export const historyPieces = ({ pieces }: Chosen, standsInFor: readonly string[]): ContextPiece[] =>
  pieces.length > 0 ? [heading(standsInFor), ...pieces] : [];

export const historyTokens = (chosen: Chosen, standsInFor: readonly string[]): number => sumTokens(historyPieces(chosen, standsInFor));
