/** One server-sent event. `retry` is the server's wish for the pause before reconnecting, in ms. */
export type SseMessage = { id: string | null; event: string; data: string; retry: number | null };

/** A line this long is no event stream of ours. */
const MAX_LINE = 8 * 1024 * 1024;

async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    // A CR at the end may be half of CRLF: it waits for the next chunk.
    const parts = rest.split(/\r\n|\n|\r(?!$)/);
    rest = parts.pop() ?? '';
    if (rest.length > MAX_LINE) throw new Error(`an event stream line exceeds ${MAX_LINE} characters`);
    yield* parts;
  }
  if (rest.endsWith('\r')) yield rest.slice(0, -1);
}

/** Reads `text/event-stream` as the HTML standard parses it; an unfinished last event is dropped. */
export async function* parseSse(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<SseMessage> {
  let message: SseMessage = { id: null, event: 'message', data: '', retry: null };
  let data: string[] = [];
  for await (const line of lines(chunks)) {
    if (line === '') {
      if (data.length > 0 || message.retry !== null) yield { ...message, data: data.join('\n') };
      message = { id: message.id, event: 'message', data: '', retry: null };
      data = [];
      continue;
    }
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'data') data.push(value);
    else if (field === 'event') message.event = value;
    else if (field === 'id') message.id = value;
    else if (field === 'retry' && /^\d{1,9}$/.test(value)) message.retry = Number(value);
  }
}
