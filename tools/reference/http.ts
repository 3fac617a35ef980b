import * as z from 'zod';
import { openApi } from '../../functions/web/openapi.ts';
import { code, page, table } from './markdown.ts';

const Ref = z.object({ $ref: z.string() });
const Content = z.record(z.string(), z.object({ schema: z.unknown() }));
const Operation = z.object({
  summary: z.string(),
  parameters: z.array(z.object({ name: z.string(), in: z.string(), required: z.boolean() })).default([]),
  requestBody: z.object({ required: z.boolean(), content: Content }).optional(),
  responses: z.record(z.string(), z.object({ content: Content.optional() })),
});
type Operation = z.infer<typeof Operation>;
const Schema = z.object({ properties: z.record(z.string(), z.unknown()).default({}), required: z.array(z.string()).default([]) });
const Document = z.object({
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});

/** Name of the schema a body has, or its media type. */
const bodyOf = (content: z.infer<typeof Content> | undefined): string => {
  const [type, body] = Object.entries(content ?? {})[0] ?? [];
  const ref = Ref.safeParse(body?.schema);
  return ref.success ? code(ref.data.$ref.split('/').at(-1) ?? '') : code(type ?? 'nothing');
};

const takes = ({ parameters, requestBody }: Operation): string => {
  const named = parameters
    .filter((p) => p.in !== 'path')
    .map((p) => code(`${p.in === 'query' ? '?' : ''}${p.name}${p.required ? '' : '…'}`));
  const body = requestBody ? [`body ${bodyOf(requestBody.content)}${requestBody.required ? '' : ' (optional)'}`] : [];
  return [...named, ...body].join(' ');
};

const answers = ({ responses }: Operation): string =>
  Object.entries(responses)
    .filter(([status]) => status !== 'default')
    .map(([status, { content }]) => `${status} ${bodyOf(content)}`)
    .join(', ');

const bodies = (schemas: Record<string, unknown>): [string, string][] =>
  Object.entries(schemas)
    .map(([name, schema]): [string, string] => {
      const { properties, required } = Schema.parse(schema);
      const fields = Object.keys(properties).map((field) => code(required.includes(field) ? field : `${field}?`));
      return [code(name), fields.join(' ')];
    })
    .filter(([, fields]) => fields !== '');

/** The routes of the OpenAPI document, and the members of what they carry. */
export const httpPage = (): string => {
  const { paths, components } = Document.parse(JSON.parse(JSON.stringify(openApi())));
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [
      code(`${method.toUpperCase()} ${path}`),
      operation.summary,
      takes(operation),
      answers(operation),
    ]),
  );
  return page(
    'HTTP API',
    '`functions/web/openapi.ts`',
    'The running service serves the whole document, with every schema, at `GET /openapi.json`. A parameter with … may be left out. Every error is a problem document (RFC 9457) with a stable [code](codes.md).',
    'On the local cloud the header `X-Holdpoint-User` says who asks; without it the caller is `local-user`. On AWS the JWT authorizer says it.',
    table(['route', 'does', 'takes', 'answers'], rows),
    '## Pages',
    table(
      ['page', 'shows'],
      [
        [code('/ui/jobs'), 'all jobs'],
        [code('/ui/jobs/{id}'), 'one job: state, evidence, decision, timeline, artifacts'],
        [code('/ui/approvals'), 'what waits, oldest first'],
        [code('/ui/cassettes'), 'recorded answers'],
      ],
    ),
    '## Bodies',
    'A member with ? may be left out. `JobSpec` depends on its `kind`; see [documents](documents.md).',
    table(['body', 'members'], bodies(components.schemas)),
  );
};
