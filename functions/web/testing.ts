import { LOCAL_POLICY } from '../../contracts/approval-policy.ts';
import { type BudgetUse, NOTHING } from '../../contracts/budget.ts';
import { type Commands, type LoadedJob, Refusal } from '../../contracts/commands.ts';
import type { Actor, EventDraft, JobEvent } from '../../contracts/events.ts';
import type { DecisionView } from '../../contracts/http.ts';
import type { Approval, JobState } from '../../contracts/job-state.ts';
import type { Cassette, Mode } from '../../contracts/llm.ts';
import type { Artifacts, Cassettes, JobIndex } from '../../contracts/ports.ts';
import type { Snapshot } from '../../contracts/snapshot.ts';
import jobMachine from '../../statemachines/job.asl.json' with { type: 'json' };
import rolloutMachine from '../../statemachines/rollout.asl.json' with { type: 'json' };
import { canonicalJson } from '../lib/canonical-json.ts';
import { decide, decideAnswer, decisionView, voteView } from '../lib/decide.ts';
import { EMPTY_LOG, sealEvent, verifyChain } from '../lib/event.ts';
import { findApproval, fold, toRecord } from '../lib/fold.ts';
import { sha256Hex } from '../lib/hash.ts';
import { memoryAuditLog, memoryFlagStore } from '../lib/switches/memory.fixture.ts';
import { NO_CHANGES, switchesOf } from '../lib/switches/state.ts';
import { recordAudit } from '../stage/audit.ts';
import { createSwitchCommands, haltable, type SwitchPorts } from '../stage/switches.ts';
import type { WebDeps } from './deps.ts';
import { EVERYBODY } from './http/operator.ts';
import { approvalCommands, RING } from './testing-approvals.ts';

// The web application over memory: the real fold and the real rules, no wire. For tests only.

export const NOW = new Date('2026-01-10T12:00:00.000Z');
export const ALICE: Actor = { type: 'user', id: 'alice', identity: 'local' };
export const BOB: Actor = { type: 'user', id: 'bob', identity: 'local' };

export type Memory = {
  logs: Map<string, JobEvent[]>;
  files: Map<string, { body: Uint8Array; content_type: string }>;
  recorded: Cassette[];
  budgets: Map<string, BudgetUse>;
};

/** A job's history, written one event per minute before `NOW`. */
export class Story {
  readonly memory: Memory;
  readonly id: string;
  constructor(memory: Memory, id: string) {
    this.memory = memory;
    this.id = id;
    memory.logs.set(id, []);
  }

  get events(): JobEvent[] {
    return this.memory.logs.get(this.id) ?? [];
  }

  add(draft: Omit<EventDraft, 'visit'> & { visit?: number }, minutesAgo: number): this {
    const last = this.events.at(-1);
    const head = last ? { last_seq: last.seq, last_hash: last.hash } : EMPTY_LOG;
    const at = new Date(NOW.getTime() - minutesAgo * 60_000).toISOString();
    this.events.push(sealEvent({ visit: 1, ...draft }, { ...head, job_id: this.id, run_id: `${this.id}-1`, at }));
    return this;
  }

  file(path: string, body: string): { name: string; key: string; sha256: string; bytes: number } {
    const key = `jobs/${this.id}/${path}`;
    this.memory.files.set(key, { body: new TextEncoder().encode(body), content_type: 'application/json' });
    return { name: path.split('/').at(-1)?.split('.')[0] ?? path, key, sha256: sha256Hex(body), bytes: body.length };
  }

  submitted(title: string, kind: 'idea' | 'blueprint' = 'idea', minutesAgo = 60, mode: Mode = 'replay'): this {
    const outputs = { title, kind, run: 1, spec_digest: sha256Hex(title), mode };
    return this.add(
      { event_type: kind === 'idea' ? 'IDEA_SUBMITTED' : 'BLUEPRINT_SUBMITTED', state: 'Intake', actor: ALICE, outputs },
      minutesAgo,
    );
  }

  did(
    event_type: EventDraft['event_type'],
    state: string,
    artifacts: ReturnType<Story['file']>[],
    more: Record<string, unknown>,
    minutesAgo: number,
  ): this {
    const outputs = { ...more, result: { artifacts, facts: {}, route: {} } };
    const message = typeof more['message'] === 'string' ? more['message'] : null;
    return this.add({ event_type, state, actor: { type: 'stage', id: state, identity: 'none' }, message, outputs }, minutesAgo);
  }

  /** Asks for a signature, or with a `question` for its answer. */
  waits(
    step: string,
    state: string,
    subject: ReturnType<Story['file']>[],
    minutesAgo: number,
    visit = 1,
    more: { question?: string; outputs?: Record<string, unknown> } = {},
  ): this {
    const signed = subject.map(({ name, key, sha256 }) => ({ name, key, sha256 }));
    const subject_digest = `sha256:${sha256Hex(canonicalJson(signed))}`;
    const outputs = {
      state,
      visit,
      subject: signed,
      subject_digest,
      expires_at: '2026-01-17T12:00:00.000Z',
      choices: more.question === undefined ? ['approve', 'reject', 'revise'] : ['resume'],
      policy: LOCAL_POLICY.default,
      ...more.outputs,
    };
    const event_type = more.question === undefined ? 'WAITING_APPROVAL' : 'WAITING_HUMAN';
    const message = more.question ?? null;
    return this.add(
      { event_type, step, state, visit, actor: { type: 'stage', id: state, identity: 'none' }, message, outputs },
      minutesAgo,
    );
  }

  decided(event_type: 'APPROVED' | 'REJECTED' | 'REVISION_REQUESTED', message: string | null, minutesAgo: number): this {
    const state = fold(this.events);
    if (state?.status !== 'WAITING_APPROVAL') throw new Error('nothing waits');
    const { step, visit, subject_digest } = state.approval;
    const outputs = { state: state.approval.state, visit, subject_digest, channel: 'page' };
    return this.add({ event_type, step, state: state.approval.state, visit, actor: BOB, message, outputs }, minutesAgo);
  }
}

export const emptyMemory = (): Memory => ({ logs: new Map(), files: new Map(), recorded: [], budgets: new Map() });

const load = (memory: Memory, id: string): LoadedJob | null => {
  const events = memory.logs.get(id) ?? [];
  const state = fold(events);
  return state ? { state, events: [...events] } : null;
};

const found = (memory: Memory, id: string): LoadedJob => {
  const loaded = load(memory, id);
  if (!loaded) throw new Refusal('NOT_FOUND', `job ${id} does not exist`);
  return loaded;
};

type Settled = { draft: EventDraft; approval: Approval } | { already: DecisionView };

const settle = (memory: Memory, id: string, decideOn: (state: JobState) => Settled): DecisionView => {
  const { state, events } = found(memory, id);
  const result = decideOn(state);
  if ('already' in result) return result.already;
  const head = { last_seq: state.last_seq, last_hash: state.last_hash };
  memory.logs.set(id, [...events, sealEvent(result.draft, { ...head, job_id: id, run_id: state.owner_run, at: NOW.toISOString() })]);
  const approval = findApproval(found(memory, id).state, result.approval);
  const view = approval && (decisionView(approval, false) ?? voteView(approval, result.draft.actor.id, false, state.last_seq + 1));
  if (!view) throw new Error('the decision does not fold');
  return view;
};

const commandsOf = (memory: Memory): Commands => ({
  load: async (id) => load(memory, id),
  eventsAfter: async (id, after, through = Number.POSITIVE_INFINITY) =>
    load(memory, id)?.events.filter(({ seq }) => seq > after && seq <= through) ?? null,
  submit: async (spec, actor) => {
    const id = sha256Hex(canonicalJson(spec)).slice(0, 12);
    const there = load(memory, id);
    if (there) return { created: false, state: there.state };
    const outputs = { title: spec.title, kind: spec.kind, run: spec.run, spec_digest: sha256Hex(canonicalJson(spec)), mode: 'replay' };
    new Story(memory, id).add({ event_type: 'IDEA_SUBMITTED', state: 'Intake', actor, outputs }, 0);
    return { created: true, state: found(memory, id).state };
  },
  decide: async (id, command) => settle(memory, id, (state) => decide(state, command)),
  resume: async (id, command) => settle(memory, id, (state) => decideAnswer(state, command)),
  ...approvalCommands({ logs: memory.logs, at: NOW.toISOString() }),
  rollBack: async (id) => found(memory, id).state,
  reconcile: async () => ({
    checked: memory.logs.size,
    repaired: 0,
    redelivered: 0,
    redriven: 0,
    recovered: 0,
    asked: 0,
    failed: 0,
    did: [],
  }),
});

const states = (memory: Memory): JobState[] => [...memory.logs.keys()].flatMap((id) => load(memory, id)?.state ?? []);

const indexOf = (memory: Memory): JobIndex => ({
  reserve: async () => true,
  put: async () => {},
  checkSoon: async () => {},
  due: async () => [],
  rollouts: async ({ limit }) => {
    const rows = states(memory).filter(({ kind }) => kind === 'rollout');
    const newest = rows.toSorted((a, b) => b.created_at.localeCompare(a.created_at)).slice(0, limit);
    return { items: newest.map(({ job_id }) => job_id), next_cursor: null };
  },
  inspect: async () => null,
  get: async (id) =>
    states(memory)
      .filter((s) => s.job_id === id)
      .map(toRecord)[0] ?? null,
  list: async ({ status, q, limit, cursor }) => {
    const start = Number(cursor ?? 0);
    const rows = states(memory)
      .map(toRecord)
      .filter((row) => (status === undefined || row.status === status) && row.title.toLowerCase().includes((q ?? '').toLowerCase()))
      .toSorted((a, b) => b.created_at.localeCompare(a.created_at));
    return { items: rows.slice(start, start + limit), next_cursor: rows.length > start + limit ? String(start + limit) : null };
  },
  waiting: async ({ limit }) => {
    const rows = states(memory)
      .map(toRecord)
      .filter((row) => row.status === 'WAITING_APPROVAL');
    return { items: rows.toSorted((a, b) => (a.opened_at ?? '').localeCompare(b.opened_at ?? '')).slice(0, limit), next_cursor: null };
  },
});

const artifactsOf = (memory: Memory): Artifacts => ({
  put: async (key, body, content_type) => {
    memory.files.set(key, { body: new TextEncoder().encode(body), content_type });
    return { key, sha256: sha256Hex(body), bytes: body.length };
  },
  create: async () => true,
  get: async (key) => memory.files.get(key) ?? null,
  list: async (prefix) =>
    [...memory.files].filter(([key]) => key.startsWith(prefix)).map(([key, { body }]) => ({ key, bytes: body.byteLength })),
});

const cassettesOf = (memory: Memory): Cassettes => ({
  get: async (agent, key, n) => memory.recorded.find((r) => r.match.agent === agent && r.key === key && r.n === n) ?? null,
  create: async () => true,
  list: async (agent) =>
    memory.recorded
      .filter(({ match }) => agent === undefined || match.agent === agent)
      .map(({ match, key, n }) => ({ agent: match.agent, key, n })),
});

const SNAPSHOT: Snapshot = {
  schema_version: 'snapshot_v1',
  snapshot_id: 'sample',
  sha256: 'a'.repeat(64),
  bytes: 10,
  rows: 1,
  symbols: ['SPX'],
  first: '2001-01-02',
  last: '2001-01-02',
  adjusted: false,
  source: null,
};

/** Flags and kill switch in memory. */
const switchesIn = (): SwitchPorts => {
  let now = switchesOf(NO_CHANGES);
  return {
    ...{ audit: memoryAuditLog(), flags: memoryFlagStore(), clock: () => NOW, env: { knownSecrets: [] } },
    switches: { current: async () => now, learn: (state) => void (now = switchesOf(state)) },
  };
};

/** Dependencies over `memory`; `X-Holdpoint-User` names the caller, `nobody` is refused. */
export const memoryDeps = (memory: Memory, overrides: Partial<WebDeps> = {}): WebDeps => {
  const ports = switchesIn();
  return {
    env: 'local',
    commands: haltable(ports, commandsOf(memory)),
    switches: createSwitchCommands(ports),
    telemetry: { rows: async () => [] },
    index: indexOf(memory),
    artifacts: artifactsOf(memory),
    cassettes: cassettesOf(memory),
    snapshots: { put: async (id, csv) => ({ ...SNAPSHOT, snapshot_id: id, bytes: csv.length }), list: async () => [SNAPSHOT] },
    clock: () => NOW,
    budget: { calls: 20, tokens: 200_000, nano_usd: 2_000_000_000 },
    budgetUse: async (id) => memory.budgets.get(id) ?? { committed: NOTHING, spent: NOTHING },
    identify: (request) => {
      const id = request.headers.get('x-holdpoint-user') ?? 'bob';
      return id === 'nobody' ? new Refusal('UNAUTHENTICATED', 'sign in') : { type: 'user', id, identity: 'local' };
    },
    proof: {
      verify: async (job_id) => {
        const { problems, ...chain } = verifyChain(memory.logs.get(job_id) ?? []);
        const found = problems.map((problem) => ({ kind: 'edited' as const, digest: null, ...problem }));
        return chain.events === 0 ? null : { job_id, ...chain, signed_through: 0, digests: [], interval_s: 10, problems: found };
      },
      logs: async () => ({ reports: [], next: null }),
      digests: async () => ({ digests: [], problems: [], applied: 0, next: null }),
      digest: async () => null,
      key: async () => '',
    },
    flow: async (machine) => (machine === 'job' ? jobMachine : rolloutMachine),
    openCanaries: async () => [],
    linkApproval: true,
    operators: EVERYBODY,
    noteRefusal: (refused) => recordAudit(ports, { event_type: 'DECISION_REFUSED', ...refused }),
    keyRing: async () => RING,
    local: true,
    ...overrides,
  };
};
