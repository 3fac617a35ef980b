import type { ContextPack, ContextPiece } from '../../../contracts/context-pack.ts';
import { estimateTokens } from './tokens.ts';

/** One line of JSON: nothing inside a text can pass for another piece. */
const line = ({ kind, source, text }: Pick<ContextPiece, 'kind' | 'source' | 'text'>): string =>
  `${JSON.stringify({ kind, source, text })}\n`;

/** The context as it stands in a prompt. Its estimate is at most the pack's `budget_used`. */
export const renderContext = ({ pieces }: Pick<ContextPack, 'pieces'>): string => pieces.map(line).join('');

/** A piece with its tokens counted as rendered. */
export const piece = (kind: ContextPiece['kind'], source: string, text: string, score: number | null = null): ContextPiece => ({
  ...{ kind, source, text, score },
  tokens: estimateTokens(line({ kind, source, text })),
});

export const sumTokens = (pieces: readonly { tokens: number }[]): number => pieces.reduce((sum, { tokens }) => sum + tokens, 0);
