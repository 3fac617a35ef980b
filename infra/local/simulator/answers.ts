import { alternativesOf, factsIn, isObjectSchema, objectsIn } from '../../../functions/lib/sample/facts.ts';
import { sampleJson } from '../../../functions/lib/sample/sample-json.ts';
import type { Question } from './protocols.ts';

/** Gives the text of an answer; undefined leaves it to the next one. */
export type Answerer = (question: Question) => string | undefined;

/** Answers by schema version (`blueprint_v1`), for questions whose schema names it. */
export type CannedAnswers = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The JSON Schema that a prompt asks an answer by: the last one it shows. */
const schemaIn = ({ system, user }: Question): Record<string, unknown> | null =>
  [...system, ...user].flatMap(objectsIn).findLast(isObjectSchema) ?? null;

const versionsOf = (schema: Record<string, unknown>): string[] =>
  alternativesOf(schema).flatMap(({ properties }) => {
    const version = isObject(properties) ? properties['schema_version'] : undefined;
    return isObject(version) && typeof version['const'] === 'string' ? [version['const']] : [];
  });

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** What a model that does as it is told would say: an answer that is valid against the schema in the prompt. */
export const answerTo = (question: Question, canned: CannedAnswers, own: Answerer | undefined): string => {
  const given = own?.(question);
  if (given !== undefined) return given;
  const schema = schemaIn(question);
  if (!schema) return 'This is an answer of the provider simulator.';
  const version = versionsOf(schema).find((name) => Object.hasOwn(canned, name));
  if (version !== undefined) return asText(canned[version]);
  return JSON.stringify(sampleJson(schema, question.user.join('\n'), factsIn(question.user)), null, 2);
};
