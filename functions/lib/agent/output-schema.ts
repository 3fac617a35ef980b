import * as z from 'zod';

/**
 * JSON Schema of an agent's output, as the prompt shows it. A pattern that only spells out a format is left
 * out: its text changes between versions of the schema library, and the cassette keys would with it.
 */
export const outputSchema = (schema: z.ZodType): Record<string, unknown> =>
  z.toJSONSchema(schema, {
    override: ({ jsonSchema }) => {
      if (jsonSchema.format) delete jsonSchema.pattern;
    },
  });
