import { JobId } from '../../../contracts/ids.ts';
import { APPROVAL_STEPS } from '../../../contracts/steps.ts';
import { type INPUTS, type Json, type OUTPUTS, type SchemaName, schemaOf } from './schemas.ts';

export const ref = (name: SchemaName): Json => ({ $ref: `#/components/schemas/${name}` });
export const content = (type: string, schema: Json): Json => ({ content: { [type]: { schema } } });
export const answer = (description: string, name: keyof typeof OUTPUTS): Json => ({
  description,
  ...content('application/json', ref(name)),
});
export const parameter = (name: string, where: 'path' | 'query' | 'header', schema: Json, required = where === 'path'): Json => ({
  name,
  in: where,
  required,
  schema,
});
export const body = (name: keyof typeof INPUTS, required = true): Json => ({ required, ...content('application/json', ref(name)) });

const PROBLEM: Json = {
  description: 'What was refused, why, and what to do next.',
  ...content('application/problem+json', ref('Problem')),
};
export const operation = (operationId: string, summary: string, responses: Json, more: Json = {}): Json => ({
  operationId,
  summary,
  ...more,
  responses: { default: PROBLEM, ...responses },
});

export const id = parameter('id', 'path', schemaOf(JobId, 'input'));
export const limit = parameter('limit', 'query', { type: 'integer', minimum: 1, maximum: 200, default: 50 });
export const paging = [limit, parameter('cursor', 'query', { type: 'string' })];
export const step = parameter('step', 'query', { enum: APPROVAL_STEPS }, true);
export const after = parameter('after', 'query', { type: 'integer', minimum: 0 });
