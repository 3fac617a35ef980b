import { type ArtifactSubstitution, type ContextDocument, SubstitutablePath } from '../../../contracts/context-pack.ts';
import { type Chosen, heading, historyTokens } from './history.ts';
import { piece } from './render.ts';

const NAME_ORDER: readonly string[] = SubstitutablePath.options;

/** The path when it is, byte for byte, on the allow-list: no folder, no other case, no look-alike letter. */
export const substitutable = ({ path }: Pick<ContextDocument, 'path'>): SubstitutablePath | null =>
  SubstitutablePath.safeParse(path).data ?? null;

/** Documents the history pack may stand in for, and what each would take of a budget. */
export const candidatesOf = (documents: readonly ContextDocument[], budget: number): ArtifactSubstitution[] =>
  documents.flatMap((document) => {
    const path = substitutable(document);
    if (!path) return [];
    const { tokens } = piece('document', path, document.text);
    return [{ path, kind: document.kind, tokens_before: Math.min(tokens, budget) }];
  });

/** In the order of the allow-list. */
export const pathsOf = (substitutions: readonly ArtifactSubstitution[]): string[] =>
  substitutions.map(({ path }) => path).sort((a, b) => NAME_ORDER.indexOf(a) - NAME_ORDER.indexOf(b));

/** Tokens saved: those of the documents less those of the history pack that stands in for them. Never below 0. */
export const savedTokens = (substitutions: readonly ArtifactSubstitution[], chosen: Chosen): number => {
  const before = substitutions.reduce((sum, { tokens_before }) => sum + tokens_before, 0);
  return substitutions.length === 0 ? 0 : Math.max(0, before - historyTokens(chosen, pathsOf(substitutions)));
};

/**
 * The substitutions to make: documents that cost more than naming them, and only where that saves tokens on the whole.
 * Without a phase in the pack there is nothing that could stand in.
 */
export const chooseSubstitutions = (candidates: readonly ArtifactSubstitution[], chosen: Chosen): ArtifactSubstitution[] => {
  if (chosen.phases === 0) return [];
  const taken: ArtifactSubstitution[] = [];
  for (const candidate of candidates.toSorted((a, b) => b.tokens_before - a.tokens_before)) {
    const naming = heading(pathsOf([...taken, candidate])).tokens - heading(pathsOf(taken)).tokens;
    if (candidate.tokens_before > naming) taken.push(candidate);
  }
  return savedTokens(taken, chosen) > 0 ? taken.toSorted((a, b) => NAME_ORDER.indexOf(a.path) - NAME_ORDER.indexOf(b.path)) : [];
};
