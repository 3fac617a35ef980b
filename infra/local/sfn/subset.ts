import { type Asl, type AslState, holdsPath, INVOKE, INVOKE_AND_WAIT, strings, walk } from './asl.ts';

const REFUSED_FIELDS: Record<string, string> = {
  Assign: 'variables are not interpreted',
  Output: 'only JSONPath is interpreted',
  Arguments: 'only JSONPath is interpreted',
  HeartbeatSeconds: 'heartbeats are not enforced; use TimeoutSeconds',
  HeartbeatSecondsPath: 'heartbeats are not enforced; use TimeoutSeconds',
  TimeoutSecondsPath: 'write TimeoutSeconds',
  Credentials: 'there is one account here',
  Iterator: 'write ItemProcessor',
  ItemReader: 'only inline maps run here',
  ItemBatcher: 'only inline maps run here',
  ResultWriter: 'only inline maps run here',
  ToleratedFailureCount: 'only inline maps run here',
  ToleratedFailurePercentage: 'only inline maps run here',
};

/** Ways in which this interpreter would differ from AWS, found by running both readings of version 3.0.0. */
const REFUSED_PATHS: [RegExp, string][] = [
  [/\$\$\.State\b/, '$$.State is not available'],
  [/States\.JsonToString/, 'States.JsonToString loses backslashes'],
];

const TYPE_TESTS = ['IsNull', 'IsPresent', 'IsNumeric', 'IsString', 'IsBoolean', 'IsTimestamp'];

/**
 * What keeps a definition from running here as it would on AWS, one sentence per finding; empty when it may be loaded.
 * A resource other than `lambda:invoke` is always among them: the interpreter would call the real service.
 */
export function refusals(machine: Asl): string[] {
  const found = speaksJsonPath(machine) ? [] : ['QueryLanguage must be JSONPath'];
  for (const { name, state } of walk(machine)) {
    for (const problem of stateRefusals(state)) found.push(`state "${name}": ${problem}`);
  }
  return found;
}

function* stateRefusals(state: AslState): Generator<string> {
  for (const [field, why] of Object.entries(REFUSED_FIELDS)) if (field in state) yield `${field} is refused: ${why}`;
  if (!speaksJsonPath(state)) yield 'QueryLanguage must be JSONPath';
  const { Branches: _branches, ItemProcessor: processor, ...own } = state;
  for (const { key, text } of strings(own)) {
    if (key === 'ResultPath' && text === '$') yield 'ResultPath "$" is refused: leave ResultPath out, it means the same';
    if (key === 'ErrorEquals' && text === 'States.TaskFailed')
      yield 'States.TaskFailed is refused: it would match timeouts; name the errors';
    if (!holdsPath(key)) continue;
    for (const [pattern, why] of REFUSED_PATHS) if (pattern.test(text)) yield `"${text}" is refused: ${why}`;
  }
  if (state.Type === 'Task') yield* taskRefusals(state);
  if (state.Type === 'Wait' && 'InputPath' in state) yield 'InputPath of a Wait is refused; use a Pass before it';
  if (state.Type === 'Pass' && 'Result' in state && !state['Result'])
    yield 'a Result that is null, 0, false or "" is ignored; use Parameters';
  if (state.Type === 'Map' && JSON.stringify(processor ?? {}).includes('"DISTRIBUTED"'))
    yield 'a DISTRIBUTED map is refused: only inline maps run here';
  if (state.Type === 'Map' && 'Parameters' in state) yield 'Parameters of a Map are refused; write ItemSelector';
  for (const test of TYPE_TESTS) if (hasFalse(state['Choices'], test)) yield `${test}: false is refused; wrap ${test}: true in Not`;
}

function* taskRefusals(state: AslState): Generator<string> {
  if (state['Resource'] !== INVOKE && state['Resource'] !== INVOKE_AND_WAIT) {
    yield `Resource ${JSON.stringify(state['Resource'])} is refused: it would call AWS; only ${INVOKE} and ${INVOKE_AND_WAIT} run here`;
  }
  if (typeof state['TimeoutSeconds'] !== 'number' || state['TimeoutSeconds'] < 1)
    yield 'TimeoutSeconds is missing; write how long the task may take';
  const parameters = Object.entries(state['Parameters'] ?? {});
  const functionName: unknown = parameters.find(([field]) => field === 'FunctionName')?.[1];
  if (typeof functionName !== 'string' || functionName.includes('${')) {
    yield `Parameters.FunctionName is ${JSON.stringify(functionName)}; it must be a function ARN, its placeholder substituted`;
  }
  const extra = parameters.map(([field]) => field).filter((field) => !['FunctionName', 'Payload', 'Payload.$'].includes(field));
  if (extra.length > 0) yield `Parameters ${extra.join(', ')} are refused: only FunctionName and Payload are passed on`;
  const asksToken = [...strings(state['Parameters'])].some(({ text }) => text.includes('$$.Task.Token'));
  if (state['Resource'] === INVOKE_AND_WAIT && !asksToken)
    yield 'it waits for a task token that its Payload does not carry; pass $$.Task.Token';
}

const speaksJsonPath = (part: { [field: string]: unknown }): boolean => (part['QueryLanguage'] ?? 'JSONPath') === 'JSONPath';

const hasFalse = (value: unknown, key: string): boolean =>
  value !== null &&
  typeof value === 'object' &&
  Object.entries(value).some(([name, item]) => (name === key && item === false) || hasFalse(item, key));
