const WHY: Readonly<Record<string, string>> = {
  disabled: 'the flag test_runner_enabled is off',
  out_of_scope: 'the repository is not in the list of the flag test_runner_repos',
  no_contract: 'there is no holdpoint.checks.json that could be read, or no runner in this environment',
};

/** What a person is asked where checks gave no verdict, by the facts that the runner left. */
export const checksQuestion = (facts: Readonly<Record<string, unknown>>): string => {
  const { test_reason: told } = facts;
  const reason = typeof told === 'string' ? told : 'unknown';
  const why = WHY[reason] ?? `the runner was deferred (${reason}); its report is among the artifacts`;
  return `The project's checks gave no verdict: ${why}. Mend that and answer "again" to run them once more. Answer "passed" or "failed", with your evidence, to give the verdict yourself.`;
};

/** A person's verdict about checks: the first word of the answer; anything else runs them once more. */
export const attested = (answer: string | null): 'passed' | 'failed' | 'again' => {
  const [word] = (answer ?? '')
    .trim()
    .toLowerCase()
    .split(/[^a-z]/);
  if (word === 'passed') return 'passed';
  return word === 'failed' ? 'failed' : 'again';
};
