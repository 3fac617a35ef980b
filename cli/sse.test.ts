import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSse, type SseMessage } from './sse.ts';

const read = async (text: string, cuts: number[]): Promise<SseMessage[]> => {
  const bytes = new TextEncoder().encode(text);
  const at = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  const chunks = at.slice(1).map((end, i) => bytes.slice(at[i], end));
  const source = (async function* () {
    yield* chunks;
  })();
  const messages: SseMessage[] = [];
  for await (const one of parseSse(source)) messages.push(one);
  return messages;
};

const message = (id: string, data: string, retry: number | null = null): SseMessage => ({ id, event: 'message', data, retry });

test('reads events, comments and retry whatever the line ends and wherever the stream is cut', async () => {
  const lines = ['retry: 3000', '', ': still here', '', 'id: 7', 'data: {"žluť": 1}', '', 'id: 8', 'data: a', 'data:b', ''];
  const expected = [{ id: null, event: 'message', data: '', retry: 3000 }, message('7', '{"žluť": 1}'), message('8', 'a\nb')];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('\n', '\r\n', '\r'), fc.array(fc.nat(), { maxLength: 12 }), async (end, cuts) => {
      expect(await read(lines.map((line) => line + end).join(''), cuts)).toEqual(expected);
    }),
    { numRuns: 25 },
  );
});

test('an event that was cut off is dropped: it comes again after a reconnect', async () => {
  expect(await read('id: 1\ndata: whole\n\nid: 2\ndata: ha', [])).toEqual([message('1', 'whole')]);
});

test('wild bytes never throw', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'binary' }),
      fc.array(fc.nat(), { maxLength: 5 }),
      async (text, cuts) => void (await read(text, cuts)),
    ),
    { numRuns: 25 },
  );
});
