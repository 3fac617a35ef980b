/** What the simulator can do to a request. */
export const FAULT_KINDS = [
  'rate_limit',
  'server_error',
  'overloaded',
  'timeout',
  'hang',
  'reset',
  'truncated',
  'invalid_json',
  'wrong_schema',
  'length',
  'quota',
  'auth',
  'slow',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export const PROTOCOLS = ['anthropic', 'openai', 'bedrock'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** One entry of a script. Entries are used up in order, each by requests of its protocol. */
export type Fault = {
  kind: FaultKind;
  /** Default: any. */
  protocol?: Protocol;
  /** How many requests it meets; default 1. `Infinity` goes on until the script is replaced. */
  times?: number;
  /** Of `rate_limit`; default 1. */
  retryAfterSeconds?: number;
  /** Of `timeout` (default 30,000) and `slow` (default 50). */
  delayMs?: number;
  /** Text of the provider's error. */
  message?: string;
};

export type Script = {
  /** The fault this request meets, if any. */
  next(protocol: Protocol): Fault | null;
};

/** A script in which every entry is used as often as it says. */
export const script = (faults: readonly Fault[]): Script => {
  const left = faults.map((fault) => ({ fault, times: fault.times ?? 1 }));
  return {
    next: (protocol) => {
      const found = left.find(({ fault, times }) => times > 0 && (fault.protocol ?? protocol) === protocol);
      if (!found) return null;
      found.times--;
      return found.fault;
    },
  };
};

/** HTTP status of the faults that are refusals. A quota that is spent is 402 or 400, as the provider says it. */
export const statusOf = (kind: FaultKind, protocol: Protocol): number | null => {
  switch (kind) {
    case 'rate_limit':
      return 429;
    case 'server_error':
      return 500;
    case 'overloaded':
      return protocol === 'bedrock' ? 503 : 529;
    case 'quota':
      return protocol === 'openai' ? 402 : 400;
    case 'auth':
      return protocol === 'bedrock' ? 403 : 401;
    default:
      return null;
  }
};

const MESSAGES: Partial<Record<FaultKind, string>> = {
  rate_limit: 'Number of requests has exceeded your rate limit.',
  server_error: 'Internal server error',
  overloaded: 'Overloaded',
  quota: 'Your credit balance is too low to access the API. Please go to Plans & Billing.',
  auth: 'invalid API key',
};

export const messageOf = ({ kind, message }: Fault): string => message ?? MESSAGES[kind] ?? kind;
