import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { asError } from '../../../contracts/errors.ts';
import { type Answerer, answerTo, type CannedAnswers } from './answers.ts';
import { type Controlled, control } from './control.ts';
import { type Fault, type FaultKind, messageOf, PROTOCOLS, type Protocol, type Script, script, statusOf } from './faults.ts';
import { type Question, type Reply, WIRES } from './protocols.ts';

export type { Answerer, CannedAnswers } from './answers.ts';
export { FAULT_KINDS, type Fault, type FaultKind, PROTOCOLS, type Protocol } from './faults.ts';
export type { Question } from './protocols.ts';

/** A request the simulator received. */
export type LoggedRequest = {
  protocol: Protocol | null;
  path: string;
  /** Lower-case names. */
  headers: Record<string, string>;
  body: unknown;
  model: string | null;
  fault: FaultKind | null;
};

export type SimulatorOptions = {
  /** 0 takes a free one. */
  port: number;
  script?: readonly Fault[];
  answers?: CannedAnswers;
  answer?: Answerer;
};

export type Simulator = {
  /** Base URL by protocol, as the provider clients want it. */
  baseUrls: Record<Protocol, string>;
  url: string;
  port: number;
  /** What came in, oldest first; the last 1,000. */
  requests(): readonly LoggedRequest[];
  /** Replaces the script. */
  setFaults(faults: readonly Fault[]): void;
  /** Cuts open connections, so that it never waits for a client. */
  close(): Promise<void>;
};

const MAX_LOGGED = 1000;
const MAX_BODY_BYTES = 8 * 1024 * 1024;
const CHARS_PER_TOKEN = 4;
const TIMEOUT_MS = 30_000;
const SLOW_MS = 50;

const bodyOf = async (incoming: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const tokensOf = (texts: readonly string[]): number => Math.ceil(texts.join('').length / CHARS_PER_TOKEN);

/** The model's reply; the fault decides what is wrong with it. */
const replyTo = (question: Question, fault: FaultKind | null, { answers = {}, answer }: SimulatorOptions): Reply => {
  const full = fault === 'wrong_schema' ? JSON.stringify({ answer: 'of another shape' }) : answerTo(question, answers, answer);
  const cut = fault === 'length' || tokensOf([full]) > question.maxTokens;
  const text = cut ? full.slice(0, Math.min(Math.floor(full.length / 2), question.maxTokens * CHARS_PER_TOKEN)) : full;
  return {
    text,
    stop: cut ? 'length' : 'stop',
    promptTokens: tokensOf([...question.system, ...question.user]),
    completionTokens: tokensOf([text]),
  };
};

const sendJson = (outgoing: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void => {
  outgoing.writeHead(status, { 'content-type': 'application/json', ...headers });
  outgoing.end(JSON.stringify(body));
};

const sendTruncated = (outgoing: ServerResponse, text: string): void => {
  outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) });
  outgoing.write(text.slice(0, Math.floor(text.length / 2)), () => outgoing.destroy());
};

const refuse = (outgoing: ServerResponse, protocol: Protocol, status: number, fault: Fault): void => {
  const headers = fault.kind === 'rate_limit' ? { 'retry-after': String(fault.retryAfterSeconds ?? 1) } : {};
  // Where real providers put ids, so that a test can see that no header is kept.
  sendJson(outgoing, status, WIRES[protocol].refuse(status, fault), { ...headers, 'x-request-id': messageOf(fault) });
};

type Exchange = {
  /** Whether the models are asked for, and no model. */
  lists: boolean;
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  body: string;
  protocol: Protocol;
  model: string | null;
  fault: Fault | null;
  id: string;
};

const respond = async (
  { incoming, outgoing, body, protocol, model, lists, fault, id }: Exchange,
  options: SimulatorOptions,
  stop: AbortSignal,
): Promise<void> => {
  const kind = fault?.kind ?? null;
  if (kind === 'hang') return;
  if (kind === 'reset') {
    incoming.socket.resetAndDestroy();
    return;
  }
  const status = kind && statusOf(kind, protocol);
  if (fault && status) return refuse(outgoing, protocol, status, fault);
  if (kind === 'invalid_json') {
    outgoing.writeHead(200, { 'content-type': 'application/json' });
    outgoing.end('{"id": "incomplete", ');
    return;
  }
  if (kind === 'timeout' || kind === 'slow')
    await delay(fault?.delayMs ?? (kind === 'slow' ? SLOW_MS : TIMEOUT_MS), undefined, { signal: stop });
  if (lists) return sendJson(outgoing, 200, { data: [] });
  const wire = WIRES[protocol];
  const question: Question = { protocol, ...wire.read(jsonOf(body), model) };
  const answer = wire.write(replyTo(question, kind, options), question.model, id);
  if (kind === 'truncated') sendTruncated(outgoing, JSON.stringify(answer));
  else sendJson(outgoing, 200, answer);
};

type Found = Pick<Exchange, 'protocol' | 'model' | 'lists'>;

/** Two protocols list their models under the same path; the header of the key tells them apart. */
const listOf = (path: string, { headers }: IncomingMessage): Found | null =>
  path.endsWith('/models') ? { protocol: 'x-api-key' in headers ? 'anthropic' : 'openai', model: null, lists: true } : null;

const protocolOf = (path: string): Found | null => {
  for (const protocol of PROTOCOLS) {
    const match = WIRES[protocol].match(path);
    if (match) return { protocol, model: match.model, lists: false };
  }
  return null;
};

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]));

const modelIn = (body: unknown): string | null =>
  typeof body === 'object' && body !== null && 'model' in body && typeof body.model === 'string' ? body.model : null;

type State = { faults: Script; answers: CannedAnswers; log: LoggedRequest[]; served: number };

/** What the simulator's own routes may touch. */
const controlled = (state: State): Controlled => ({
  requests: state.log,
  setFaults: (faults) => {
    state.faults = script(faults);
  },
  setAnswers: (answers) => {
    state.answers = answers;
  },
});

const exchange = async (
  state: State,
  options: SimulatorOptions,
  stop: AbortSignal,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> => {
  const path = (incoming.url ?? '/').split('?')[0] ?? '/';
  const body = await bodyOf(incoming);
  const parsed = jsonOf(body);
  const told = control(controlled(state), incoming.method ?? 'GET', path, parsed);
  if (told) return sendJson(outgoing, told.status, told.body);
  const found = incoming.method === 'POST' ? protocolOf(path) : listOf(path, incoming);
  const fault = found && state.faults.next(found.protocol);
  const model = found?.model ?? modelIn(parsed);
  state.log.push({
    protocol: found?.protocol ?? null,
    path,
    headers: headersOf(incoming),
    body: parsed,
    model,
    fault: fault?.kind ?? null,
  });
  if (state.log.length > MAX_LOGGED) state.log.shift();
  if (!found) return sendJson(outgoing, 404, { error: { message: `the simulator serves ${PROTOCOLS.join(', ')}; nothing is at ${path}` } });
  await respond({ incoming, outgoing, body, ...found, fault, id: String(++state.served) }, { ...options, answers: state.answers }, stop);
};

/**
 * A server on 127.0.0.1 that speaks Anthropic Messages, OpenAI Chat Completions and Bedrock Converse. Its answers are
 * valid against the JSON Schema in the prompt, and the same for the same question.
 */
export const startSimulator = async (options: SimulatorOptions): Promise<Simulator> => {
  const stop = new AbortController();
  const state: State = { faults: script(options.script ?? []), answers: options.answers ?? {}, log: [], served: 0 };
  const server = createServer((incoming, outgoing) => {
    exchange(state, options, stop.signal, incoming, outgoing).catch((error: unknown) => {
      if (stop.signal.aborted || outgoing.headersSent || outgoing.destroyed) outgoing.destroy();
      else
        sendJson(outgoing, 400, {
          type: 'error',
          error: { type: 'invalid_request_error', message: asError(error).message },
          message: asError(error).message,
        });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    baseUrls: { anthropic: `${url}/v1`, openai: `${url}/v1`, bedrock: url },
    requests: () => state.log,
    setFaults: (faults) => {
      state.faults = script(faults);
    },
    close: () =>
      new Promise((resolve) => {
        stop.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
