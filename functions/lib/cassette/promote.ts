import * as z from 'zod';
import { PermanentError, UnreadableDocument } from '../../../contracts/errors.ts';
import type { OutputGuardReport } from '../../../contracts/guard.ts';
import { Cassette } from '../../../contracts/llm.ts';
import { json } from '../decode.ts';
import { pointerOf } from '../guard/subject.ts';
import { type CassetteDifference, diffCassettes } from './differences.ts';
import { type AcceptedFinding, type Fixture, isHandWritten, NO_NOTES } from './fixture.ts';
import { judgeCassette, outputOf } from './judge.ts';
import { rekey } from './rekey.ts';

export const PROMOTION_STEPS = ['source', 'secret_scan', 'guard'] as const;

/** A step of the promotion said no; nothing may be written. */
export class PromotionRefused extends PermanentError {
  override name = 'PromotionRefused';
  readonly step: (typeof PROMOTION_STEPS)[number];
  readonly findings: { rule: string; pointer: string; message: string }[];
  constructor(step: PromotionRefused['step'], message: string, findings: PromotionRefused['findings'] = []) {
    super(message);
    this.step = step;
    this.findings = findings;
  }
}

/** Looks for secrets in a text; answers with the names of the rules that found one. */
export type SecretScan = (text: string) => Promise<string[]>;

export type Promotion = {
  fixture: Pick<Fixture, 'agent' | 'cassette' | 'expected' | 'notes'>;
  /** What redacting again removed, by rule. */
  redactions: Record<string, number>;
  report: OutputGuardReport;
  /** The recording (a) against what becomes the fixture (b). */
  changes: CassetteDifference[];
};

export type PromotionOptions = { scan: SecretScan; secrets: readonly string[]; allowGuardFindings: boolean };

const Labelled = z.looseObject({ response_source: z.string(), degraded: z.boolean() }).partial();
const Labels = z.looseObject({ answer: Labelled, labels: Labelled }).partial();

const refuseSource = (why: string): never => {
  throw new PromotionRefused('source', `it is no recording of a model's answer (${why}); promote one that a job recorded in mode record`);
};

/** Labels a recording must not carry, wherever a copy of an answer put them. */
const refuseLabels = (document: unknown): void => {
  const { answer, labels } = Labels.safeParse(document).data ?? {};
  for (const found of [Labelled.safeParse(document).data, answer, labels]) {
    if (found?.degraded === true) refuseSource('degraded=true');
    if (found?.response_source === 'replay') refuseSource('response_source=replay');
  }
};

const decode = json(Cassette);

const recordingOf = (document: unknown): Cassette => {
  refuseLabels(document);
  const cassette = decode(JSON.stringify(document ?? null));
  if (isHandWritten(cassette)) refuseSource(`provider "${cassette.answer.provider}": it was replayed from a fixture`);
  return cassette;
};

const textsOf = (value: unknown, path: readonly string[] = []): { pointer: string; text: string }[] => {
  if (typeof value === 'string') return [{ pointer: pointerOf(path), text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    { pointer: pointerOf([...path, key]), text: key },
    ...textsOf(inner, [...path, key]),
  ]);
};

/** Secrets that redaction does not know: scanned text by text, and as the file that would be written. */
const refuseSecrets = async (cassette: Cassette, scan: SecretScan): Promise<void> => {
  const texts = [...textsOf(cassette), { pointer: '', text: JSON.stringify(cassette, null, 2) }];
  const scanned = await Promise.all(texts.map(async ({ pointer, text }) => (await scan(text)).map((rule) => ({ rule, pointer }))));
  const findings = scanned.flat().map((found) => ({ ...found, message: 'a secret that redaction did not remove' }));
  const places = [...new Set(findings.map(({ rule, pointer }) => `${rule} at "${pointer}"`))];
  if (places.length > 0)
    throw new PromotionRefused('secret_scan', `the secret scan found ${places.join(', ')}; record it again without the secret`, findings);
};

const judge = (cassette: Cassette, allowed: boolean): OutputGuardReport => {
  const report = judgeCassette(cassette);
  const [first] = report.findings;
  if (report.passed || allowed || !first) return report;
  const more = report.finding_count > 1 ? ` and ${report.finding_count - 1} more` : '';
  throw new PromotionRefused(
    'guard',
    `the output guard found ${first.rule} at "${first.pointer}"${more}: ${first.message}`,
    report.findings,
  );
};

/** Findings as notes keep them: each rule and place once. */
const accepted = ({ findings }: OutputGuardReport): AcceptedFinding[] => {
  const places = new Map(findings.map(({ rule, pointer }) => [`${rule} ${pointer}`, { rule, pointer }]));
  return [...places.values()];
};

/**
 * A recording made ready to be a fixture: redact again, scan for secrets, guard again, re-key, and say what changed.
 * Throws `PromotionRefused`, and `UnreadableDocument` for what is no `cassette_v1` or of no agent of this build.
 */
export const promote = async (document: unknown, { scan, secrets, allowGuardFindings }: PromotionOptions): Promise<Promotion> => {
  const recorded = recordingOf(document);
  const { cassette, redactions, from } = rekey(recorded, secrets);
  await refuseSecrets(cassette, scan);
  const report = judge(cassette, allowGuardFindings);
  if (report.finding_count > report.findings.length)
    throw new UnreadableDocument(`the guard has ${report.finding_count} findings, more than a fixture can note; choose another recording`);
  const aliases = from === cassette.key ? [] : [from];
  return {
    fixture: {
      agent: cassette.match.agent,
      cassette,
      expected: outputOf(cassette),
      notes: { ...NO_NOTES, accepted_findings: accepted(report), aliases },
    },
    ...{ redactions, report },
    changes: diffCassettes(recorded, cassette),
  };
};
