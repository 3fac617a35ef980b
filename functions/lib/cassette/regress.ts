import { asError } from '../../../contracts/errors.ts';
import type { OutputGuardReport } from '../../../contracts/guard.ts';
import { recordedAgent } from './agents.ts';
import { type Drift, driftOf, type Tier, worstOf } from './drift.ts';
import type { AcceptedFinding, Fixture } from './fixture.ts';
import { judgeCassette, outputOf } from './judge.ts';
import { keyOf, rekey } from './rekey.ts';

/** Where a pointer points into: the output, or the recording around it. */
export type RegressionPart = 'cassette' | 'output' | 'guard';
export type Regression = Drift & { part: RegressionPart };

export type Regressed = {
  agent: string;
  case: string;
  guard_status: OutputGuardReport['guard_status'] | null;
  /** The worst of what was found; null when nothing was. */
  worst: Tier | null;
  drift: Regression[];
};

const nameOf = ({ rule, pointer }: AcceptedFinding): string => `${rule} ${pointer}`;

/** Findings that nobody accepted fail; one that was accepted and is gone deserves a look. */
const guardDrift = (report: OutputGuardReport, accepted: readonly AcceptedFinding[]): Regression[] => {
  const known = new Set(accepted.map(nameOf));
  const found = new Set(report.findings.map(nameOf));
  const part = 'guard' as const;
  return [
    ...report.findings
      .filter((finding) => !known.has(nameOf(finding)))
      .map(({ rule, pointer, message }) => ({ part, tier: 'error' as const, pointer, message: `${rule}: ${message}` })),
    ...accepted
      .filter((finding) => !found.has(nameOf(finding)))
      .map(({ rule, pointer }) => ({ part, tier: 'warn' as const, pointer, message: `${rule}: accepted, and no longer found` })),
  ];
};

const recordingDrift = ({ cassette }: Fixture): Regression[] => {
  const error = (pointer: string, message: string): Regression => ({ part: 'cassette', tier: 'error', pointer, message });
  const filed = keyOf(cassette) === cassette.key ? [] : [error('/key', 'the key is not the digest of what it matches; re-key the fixture')];
  const removed = Object.entries(rekey(cassette).redactions).map(([rule, n]) => error('', `redacting again removes ${n} × ${rule}`));
  return [...filed, ...removed];
};

/**
 * Replays one fixture: its answer is redacted, parsed and guarded as the agent would, and the output compared with the
 * expected one. Never throws: what cannot be replayed is an error of the fixture.
 */
export const regress = (fixture: Fixture): Regressed => {
  const { agent, case: name, cassette, expected, notes } = fixture;
  const done = (drift: Regression[], guard_status: Regressed['guard_status']): Regressed => ({
    ...{ agent, case: name, guard_status },
    ...{ worst: worstOf(drift), drift },
  });
  const recording = recordingDrift(fixture);
  try {
    const { output_schema } = recordedAgent(agent);
    const output = driftOf(expected, outputOf(cassette), output_schema).map((one): Regression => ({ part: 'output', ...one }));
    const report = judgeCassette(cassette);
    return done([...recording, ...output, ...guardDrift(report, notes.accepted_findings)], report.guard_status);
  } catch (thrown) {
    return done([...recording, { part: 'cassette', tier: 'error', pointer: '', message: asError(thrown).message }], null);
  }
};
