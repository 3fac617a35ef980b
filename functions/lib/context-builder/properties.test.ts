import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ContextDocument, ContextPack, type HistoryTier, SUBSTITUTABLE } from '../../../contracts/context-pack.ts';
import { FLAGS } from '../../../contracts/flags.ts';
import { canonicalJson } from '../canonical-json.ts';
import { ALL_ON, document, inputWith } from './context-builder.fixture.ts';
import { buildContext, type ContextInput, renderContext } from './context-builder.ts';
import { estimateTokens } from './tokens.ts';

const RUNS = { numRuns: 150 };
const ALLOWED: readonly string[] = SUBSTITUTABLE;

const HOSTILE = [
  'build_history.md',
  'BUILD_HISTORY.MD',
  'BUILD_HISTORY.md ',
  ' BUILD_LOG.md',
  'BUILD_LOG.md\n',
  'BUILD_LOG.md\0',
  './BUILD_LOG.md',
  'docs/BUILD_LOG.md',
  'build_history.md/../x',
  'BUILD_HISTORY.md/../SECRET.md',
  'x/../BUILD_HISTORY.md',
  'BUILD_HISTORY.md/',
  'ＢUILD_LOG.md',
  'ВUILD_LOG.md',
  'BUILD\u200b_LOG.md',
  'BUILD_LOG.md\u202e',
  'BUILD_LOG%2emd',
  'DEBUG_LOG.md.bak',
  'DEBUG_LOG',
  'README.md',
  '__proto__',
  'constructor',
  '\ud800',
];

const text = fc.oneof(
  fc.lorem({ maxCount: 60 }),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.integer({ min: 0, max: 3000 }).map((n) => 'slow averages follow the trend '.repeat(n / 30)),
  fc.constant('password=abc cookie=sid=123 token=xyz'),
);
const path = fc.oneof(fc.constantFrom(...ALLOWED), fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }));
const aDocument: fc.Arbitrary<ContextDocument> = fc.record({ path, text, kind: fc.constantFrom('job', 'extended') });
const aTier: fc.Arbitrary<HistoryTier> = fc.record({
  name: fc.string({ maxLength: 8 }),
  phases: fc.array(
    fc.record({
      run_id: fc.constant('run-1'),
      phase_id: fc.nat(99).map((n) => `Run:${n + 1}`),
      outcome: fc.constantFrom('COMPLETE', 'FAILED', 'BLOCKED'),
      summary: text,
    }),
    { maxLength: 12 },
  ),
});
const aCap = (max: number) => fc.option(fc.integer({ min: 0, max }));
const flags = fc
  .record({
    ...{
      history_pack: fc.boolean(),
      document_substitution: fc.boolean(),
      extended_contexts: fc.boolean(),
      intention_context: fc.boolean(),
    },
    ...{ history_pack_max_tiers: aCap(10), history_pack_max_phases: aCap(20), embedding_budget: fc.nat(8) },
  })
  .map((some) => ({ ...ALL_ON, ...some }));
const anInput: fc.Arbitrary<ContextInput> = fc.record({
  need: fc.record({ question: text, intention: fc.option(text) }),
  documents: fc.array(aDocument, { maxLength: 8 }),
  history: fc.array(aTier, { maxLength: 12 }),
  flags,
  token_budget: fc.oneof(fc.nat(300), fc.nat(6000)),
  mode: fc.constantFrom('semantic', 'lexical'),
});

const holds = (rule: (pack: ContextPack, input: ContextInput) => void): Promise<void> =>
  fc.assert(
    fc.asyncProperty(anInput, async (input) => {
      rule(await buildContext(input), input);
    }),
    RUNS,
  );

const shown = (pack: ContextPack) => pack.pieces.filter(({ kind }) => kind === 'document');

describe('whatever is offered', () => {
  it('a pack is a context_pack_v1 that can be stored', () =>
    holds((pack) => expect(ContextPack.parse(JSON.parse(canonicalJson(pack)))).toEqual(pack)));

  it('the budget is never exceeded, as counted or as rendered', () =>
    holds((pack, { token_budget }) => {
      expect(pack.budget_used).toBeLessThanOrEqual(token_budget);
      expect(pack.tokens.history).toBeLessThanOrEqual((token_budget - pack.tokens.intention) / 2);
      expect(estimateTokens(renderContext(pack))).toBeLessThanOrEqual(pack.budget_used);
    }));

  it('no token is counted in two categories', () =>
    holds(({ pieces, tokens, budget_used }) => {
      const of = (kind: string) => pieces.filter((p) => p.kind === kind).reduce((sum, p) => sum + p.tokens, 0);
      expect(tokens).toEqual({ intention: of('intention'), history: of('history'), documents: of('document') });
      expect(budget_used).toBe(tokens.intention + tokens.history + tokens.documents);
    }));

  it("the caps on tiers and phases hold, the stage's and the lower ones of the flags", () =>
    holds((pack, { flags, history }) => {
      const stage = flags.extended_contexts ? { tiers: 10, phases: 20 } : { tiers: 5, phases: 10 };
      const sources = pack.pieces.filter((p) => p.kind === 'history').length;
      expect(pack.history.tiers).toBeLessThanOrEqual(Math.min(stage.tiers, flags.history_pack_max_tiers ?? 99));
      expect(pack.history.phases).toBeLessThanOrEqual(Math.min(stage.phases, flags.history_pack_max_phases ?? 99));
      expect(sources).toBe(pack.history.phases === 0 ? 0 : pack.history.phases + 1);
      expect(pack.history.phases + pack.history.phases_omitted).toBe(history.flatMap((t) => t.phases).length);
      if (!flags.history_pack) expect(sources).toBe(0);
    }));

  it('only an allow-listed document is ever replaced, and only by a pack that exists and names it', () =>
    holds((pack, { documents, flags }) => {
      for (const { path } of pack.artifact_substitutions) {
        expect(ALLOWED).toContain(path);
        expect(documents.some((d) => d.path === path)).toBe(true);
        expect(pack.pieces.find((p) => p.source === 'history pack')?.text).toContain(path);
      }
      if (pack.artifact_substitutions.length > 0) expect(pack.history.phases).toBeGreaterThan(0);
      if (!flags.history_pack || !flags.document_substitution) expect(pack.artifact_substitutions).toEqual([]);
    }));

  it('every document is shown, replaced or listed as omitted: exactly one of them', () =>
    holds((pack, { documents }) => {
      expect(shown(pack).length + pack.artifact_substitutions.length + pack.files_omitted.length).toBe(documents.length);
      for (const { path } of documents.filter((d) => !ALLOWED.includes(d.path) && d.path.isWellFormed() && !d.path.includes('=')))
        expect([...shown(pack).map((p) => p.source), ...pack.files_omitted.map((f) => f.path)]).toContain(path);
    }));

  it('documents from beyond the job are shown with extended contexts only', () =>
    holds((pack, { documents, flags }) => {
      const extended = documents.filter((d) => d.kind === 'extended').length;
      const off = pack.files_omitted.filter((f) => f.reason === 'extended_contexts_off').length;
      expect(off).toBe(flags.extended_contexts ? 0 : extended);
    }));

  it('embedding calls stay within their budget, and none is made for a lexical choice', () =>
    holds((pack, { flags, mode }) => {
      expect(pack.embedding_calls).toBeLessThanOrEqual(flags.embedding_budget);
      if (mode === 'lexical') expect(pack).toMatchObject({ budget_mode: 'lexical', lexical_reason: null, embedding_calls: 0 });
      else expect(pack.lexical_reason).toBe(pack.budget_mode === 'semantic' ? null : 'embedding_budget');
    }));

  it('no secret of a known shape is in the pack', () =>
    holds((pack) => expect(JSON.stringify(pack)).not.toMatch(/password=abc|sid=123|token=xyz/)));

  it('nothing saved is nothing replaced, and the other way round', () =>
    holds((pack) => {
      expect(pack.tokens_saved_artifacts > 0).toBe(pack.artifact_substitutions.length > 0);
      expect(pack.tokens_saved_extended).toBeLessThanOrEqual(pack.tokens_saved_artifacts);
      const before = pack.artifact_substitutions.reduce((sum, s) => sum + s.tokens_before, 0);
      if (before > 0) expect(pack.tokens_saved_artifacts).toBe(before - pack.tokens.history);
    }));

  it('the same input gives the same pack, to the byte, in whatever order documents come', () =>
    fc.assert(
      fc.asyncProperty(anInput, fc.infiniteStream(fc.nat()), async (input, order) => {
        const first = await buildContext(input);
        expect(canonicalJson(await buildContext(structuredClone(input)))).toBe(canonicalJson(first));
        const unique = [...new Map(input.documents.map((d) => [d.path.toWellFormed(), d])).values()].filter((d) => !d.path.includes('='));
        const keys = unique.map(() => order.next().value);
        const shuffled = unique.map((d, at) => ({ d, key: keys[at] ?? 0 })).toSorted((a, b) => a.key - b.key);
        const sorted = (pack: ContextPack) =>
          canonicalJson({ ...pack, files_omitted: pack.files_omitted.toSorted((a, b) => (a.path < b.path ? -1 : 1)) });
        const [one, other] = [unique, shuffled.map(({ d }) => d)].map((documents) => buildContext({ ...input, documents }));
        if (one && other) expect(sorted(await one)).toBe(sorted(await other));
      }),
      RUNS,
    ));
});

describe('savings', () => {
  const saved = async (more: Partial<ContextInput>) => (await buildContext(inputWith(more))).tokens_saved_artifacts;

  it('never fall when a replaceable document grows, or another one is offered', () =>
    fc.assert(
      fc.asyncProperty(
        fc.nat(4000),
        fc.nat(4000),
        fc.nat(4000),
        fc.oneof(fc.nat(400), fc.nat(5000)),
        async (log, more, debug, token_budget) => {
          const base = document('BUILD_LOG.md', 'step '.repeat(log / 5));
          const small = await saved({ documents: [base], token_budget });
          const grown = await saved({ documents: [document('BUILD_LOG.md', 'step '.repeat((log + more) / 5))], token_budget });
          const two = await saved({ documents: [base, document('DEBUG_LOG.md', 'trace '.repeat(debug / 6))], token_budget });
          expect(grown).toBeGreaterThanOrEqual(small);
          expect(two).toBeGreaterThanOrEqual(small);
        },
      ),
      RUNS,
    ));

  it('are 0 where no such document is, whatever else is offered', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ path: fc.constantFrom(...HOSTILE), text, kind: fc.constant('job' as const) })),
        async (documents) => {
          const pack = await buildContext(inputWith({ documents }));
          expect(pack).toMatchObject({ artifact_substitutions: [], tokens_saved_artifacts: 0 });
        },
      ),
      RUNS,
    ));
});

describe('with the flags as they ship', () => {
  it("nothing but the job's own documents is in a context", () =>
    fc.assert(
      fc.asyncProperty(anInput, async (input) => {
        const shipped = Object.fromEntries(Object.entries(FLAGS).map(([name, { default: value }]) => [name, value]));
        const pack = await buildContext({ ...input, flags: { ...ALL_ON, ...shipped } });
        const own = input.documents.filter((d) => d.kind === 'job').length;
        expect(pack.pieces.every((p) => p.kind === 'document')).toBe(true);
        expect(pack.pieces.length).toBeLessThanOrEqual(own);
        expect(pack).toMatchObject({ artifact_substitutions: [], embedding_calls: 0, intention_context_injected: false });
      }),
      RUNS,
    ));
});
