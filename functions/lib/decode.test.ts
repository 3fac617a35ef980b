import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { UnreadableDocument } from '../../contracts/errors.ts';
import { json } from './decode.ts';

const read = json(z.strictObject({ schema_version: z.literal('thing_v1'), n: z.int() }));

describe('json decoder', () => {
  it('reads a document of the version it knows', () => {
    expect(read('{"schema_version":"thing_v1","n":1}')).toEqual({ schema_version: 'thing_v1', n: 1 });
  });

  it('names the version and the first issues of a document it does not read', () => {
    const attempt = () => read('{"schema_version":"thing_v9","n":"x"}');
    expect(attempt).toThrow(UnreadableDocument);
    expect(attempt).toThrow(/"thing_v9": \/schema_version: .*; \/n: /);
  });

  it('says when a document has no version, or is not JSON', () => {
    expect(() => read('[]')).toThrow(/no schema_version/);
    expect(() => read('{"schema')).toThrow(/not JSON/);
  });
});
