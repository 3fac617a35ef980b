import type { DeferReason, SmokeContract, SmokeReport } from '../../../contracts/runner.ts';

/** How a command ended, as its runner saw it. */
export type Ending =
  | { kind: 'exited'; code: number }
  | { kind: 'signal'; signal: string }
  | { kind: 'timeout'; seconds: number }
  | { kind: 'aborted' }
  | { kind: 'spawn_failed'; message: string };

export type Verdict =
  | { result: 'PASS'; exit_code: 0 }
  | { result: 'FAIL'; reason: 'exit_code' | 'smoke'; exit_code: number; message: string }
  | { result: 'DEFER'; reason: DeferReason; exit_code: number | null; signal: string | null; message: string };

/** `EX_TEMPFAIL` of sysexits.h: the command says itself that it could not tell. */
const DEFERRED = 75;
/** A shell's exit codes for a command that it could not start (POSIX, XCU 2.8.2). */
const NOT_STARTED = [126, 127];
/** A shell's exit code for a command that a signal ended is this and the signal's number. */
const SIGNALLED = 128;
const LAST_SIGNAL = 31;

export const deferred = (
  reason: DeferReason,
  message: string,
  more: { exit_code?: number; signal?: string } = {},
): Extract<Verdict, { result: 'DEFER' }> => ({
  result: 'DEFER',
  reason,
  exit_code: more.exit_code ?? null,
  signal: more.signal ?? null,
  message,
});

const ofCode = (code: number): Verdict => {
  if (code === 0) return { result: 'PASS', exit_code: 0 };
  if (code === DEFERRED) return deferred('exit_75', 'the command asks to be tried again (exit 75)', { exit_code: code });
  if (NOT_STARTED.includes(code)) {
    return deferred('spawn_failed', `a shell could not start what the command names (exit ${code}); see its output`, { exit_code: code });
  }
  if (code > SIGNALLED && code <= SIGNALLED + LAST_SIGNAL) {
    const signal = `signal ${code - SIGNALLED}`;
    return deferred('signal', `${signal} ended what a shell ran for the command (exit ${code})`, { exit_code: code, signal });
  }
  return { result: 'FAIL', reason: 'exit_code', exit_code: code, message: `the command exited with ${code}` };
};

/** What an ending comes to. Only an ordinary exit code is a verdict. */
export const verdictOf = (ending: Ending): Verdict => {
  switch (ending.kind) {
    case 'exited':
      return ofCode(ending.code);
    case 'signal':
      return deferred('signal', `the command was ended by ${ending.signal}, which this runner did not send`, { signal: ending.signal });
    case 'timeout':
      return deferred('timeout', `the command took longer than its ${ending.seconds} s; it and all it had started were killed`);
    case 'aborted':
      return deferred('aborted', 'the runner was stopped while the command ran; it and all it had started were killed');
    case 'spawn_failed':
      return deferred('spawn_failed', `the command could not be started: ${ending.message}`);
  }
};

/** Answers about who asks or how often, which say nothing of what is asked. */
const NO_ANSWER = [401, 403, 407, 429];

/** A smoke after a command that passed: it can take a PASS away, never give one. */
export const withSmoke = (verdict: Verdict, contract: SmokeContract, { probes, serial_gate }: SmokeReport): Verdict => {
  if (verdict.result !== 'PASS') return verdict;
  const silent = probes.find(({ status }) => status === null || NO_ANSWER.includes(status));
  if (silent) return deferred('smoke_unanswered', `${silent.path} gave no answer to judge: ${silent.problem ?? `HTTP ${silent.status}`}`);
  const bad = probes.find(({ status, problem }) => status !== 200 || problem !== null);
  if (bad) {
    return { result: 'FAIL', reason: 'smoke', exit_code: 0, message: `${bad.path} answered ${bad.problem ?? `HTTP ${bad.status}`}` };
  }
  if (contract.serial_gate === 'open' && serial_gate !== 'open') {
    return deferred(
      'serial_gate',
      `the serial gate is ${serial_gate ?? 'unknown'}: something runs there; the check waits until nothing does`,
    );
  }
  return verdict;
};
