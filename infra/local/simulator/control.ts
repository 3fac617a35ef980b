import * as z from 'zod';
import type { CannedAnswers } from './answers.ts';
import { FAULT_KINDS, type Fault, type FaultKind, PROTOCOLS, type Protocol } from './faults.ts';

const MAX_ENTRIES = 1000;
/** A day: longer than any client waits, and within what a timer takes. */
const MAX_DELAY_MS = 86_400_000;

/** A fault as JSON writes it: there is no Infinity. */
const FaultEntry = z.strictObject({
  kind: z.enum(FAULT_KINDS),
  protocol: z.enum(PROTOCOLS).optional(),
  times: z.union([z.int().min(1).max(1_000_000), z.literal('always')], 'must be a whole number from 1 or "always"').optional(),
  retryAfterSeconds: z.int().min(0).max(86_400).optional(),
  delayMs: z.int().min(0).max(MAX_DELAY_MS).optional(),
  message: z.string().max(1000).optional(),
});
const FaultEntries = z.array(FaultEntry).max(MAX_ENTRIES);

/** By schema version, as in `blueprint_v1`. */
const Answers = z.record(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be a schema version, such as blueprint_v1'), z.unknown());

const faultOf = ({ kind, protocol, times, retryAfterSeconds, delayMs, message }: z.infer<typeof FaultEntry>): Fault => ({
  kind,
  ...(protocol === undefined ? {} : { protocol }),
  ...(times === undefined ? {} : { times: times === 'always' ? Number.POSITIVE_INFINITY : times }),
  ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  ...(delayMs === undefined ? {} : { delayMs }),
  ...(message === undefined ? {} : { message }),
});

/** What may be told of a request: its headers carry a key, its body a prompt. */
type Shown = { protocol: Protocol | null; model: string | null; path: string; fault: FaultKind | null };

/** What a person may look at and change from outside. */
export type Controlled = {
  requests: readonly Shown[];
  setFaults(faults: readonly Fault[]): void;
  setAnswers(answers: CannedAnswers): void;
};

type Answer = { status: number; body: unknown };

const CONTROL = /^\/simulator(\/|$)/;
const ROUTES = 'PUT /simulator/faults, PUT /simulator/answers and GET /simulator/requests are there';

const refusal = (status: number, message: string): Answer => ({ status, body: { error: { message } } });

/** Replaces one setting by `body` whole, or leaves it as it is. */
const replace = <T>(schema: z.ZodType<T>, body: unknown, name: string, set: (value: T) => void): Answer => {
  const parsed = schema.safeParse(body);
  if (parsed.success) {
    set(parsed.data);
    return { status: 200, body: { [name]: parsed.data } };
  }
  const [issue] = parsed.error.issues;
  return refusal(400, `nothing was changed: /${issue?.path.map(String).join('/')}: ${issue?.message}`);
};

/** The answer to a request that is for the simulator itself; null for one of a provider's client. */
export const control = (controlled: Controlled, method: string, path: string, body: unknown): Answer | null => {
  if (!CONTROL.test(path)) return null;
  switch (`${method} ${path}`) {
    case 'PUT /simulator/faults':
      return replace(FaultEntries, body, 'faults', (entries) => controlled.setFaults(entries.map(faultOf)));
    case 'PUT /simulator/answers':
      return replace(Answers, body, 'answers', controlled.setAnswers);
    case 'GET /simulator/requests':
      return {
        status: 200,
        body: { requests: controlled.requests.map(({ protocol, model, path: asked, fault }) => ({ protocol, model, path: asked, fault })) },
      };
    default:
      return refusal(404, `nothing is at ${method} ${path}; ${ROUTES}`);
  }
};
