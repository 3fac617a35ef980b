import * as z from 'zod';
import { asError, UnreadableDocument } from '../../contracts/errors.ts';
import type { Decoder } from '../../contracts/stage.ts';

const MAX_ISSUES = 3;

const versionOf = (value: unknown): string => {
  const parsed = z.object({ schema_version: z.string().max(64) }).safeParse(value);
  return parsed.success ? `"${parsed.data.schema_version}"` : 'no schema_version';
};

const describe = (error: z.ZodError): string => {
  const shown = error.issues.slice(0, MAX_ISSUES).map((i) => `/${i.path.map(String).join('/')}: ${i.message}`);
  const more = error.issues.length - shown.length;
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new UnreadableDocument(`a stored document of ${text.length} characters is not JSON: ${asError(thrown).message}`, {
      cause: thrown,
    });
  }
};

/**
 * Decoder of a stored JSON document. Throws `UnreadableDocument` naming the document's version and its
 * first issues, so that a version this build does not read fails loudly.
 */
export const json =
  <T>(schema: z.ZodType<T>): Decoder<T> =>
  (text) => {
    const value = parse(text);
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    throw new UnreadableDocument(`cannot read a document with ${versionOf(value)}: ${describe(result.error)}`, { cause: result.error });
  };
