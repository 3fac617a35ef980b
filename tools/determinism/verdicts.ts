/** What an agent's code may look at to choose where a job goes. Nothing here is a word of an answer. */
const VERDICTS: readonly { reads: RegExp; because: string }[] = [
  { reads: /^errandOf\(\)\.reason$/, because: 'what a person decided, folded from the log' },
  { reads: /^(Consulted|consultInContext\(\)|fromTemplate\(\))\.report\.passed$/, because: 'the verdict of the output guard' },
  { reads: /^(Blueprint|AgentQuestion)\.safeParse\(\)\.success$/, because: 'the verdict of a published schema' },
  { reads: /^(StageInput\.docs|Documents)\.gates\.passed$/, because: 'the verdict of the gates' },
  { reads: /^StageInput\.docs\.spec\.kind$/, because: 'what was submitted, before any model was asked' },
  { reads: /^AgentOutput$/, because: 'whether an earlier output was kept at all' },
];

/** Values that control flow may read although their code does not write them out, and why. */
const REVIEWED: ReadonlyMap<string, string> = new Map([
  ['result(intake).kind', 'the kind of the submitted spec, read through its schema before any model is asked'],
  ['result(enter).items', 'numbers of the canaries that the rules of the environment ask for'],
  ['result(canary).wait_seconds', 'seconds until the next look, by the age of the canary and the rules'],
  ['result(rollback).outcome', 'the outcome that the log of the rollout holds'],
  ['result(rollback).cause', 'words about the end of a rollout that is over: nothing follows'],
]);

/** Those of `tests` that are no verdict. */
export const strangeTests = (tests: Iterable<string>): string[] =>
  [...tests].filter((test) => !VERDICTS.some(({ reads }) => reads.test(test)));

export const isReviewed = (origin: string): boolean => REVIEWED.has(origin);
