import * as z from 'zod';
import * as approvals from '../../../contracts/approval-http.ts';
import { AuditDigest } from '../../../contracts/digest.ts';
import { JobEvent } from '../../../contracts/events.ts';
import * as http from '../../../contracts/http.ts';
import { JobSpec } from '../../../contracts/job-spec.ts';
import { Cassette } from '../../../contracts/llm.ts';
import { RunMetrics, ServiceMetrics } from '../../../contracts/metrics.ts';
import { CostView } from '../../../contracts/pricing.ts';
import { RollbackBody, RolloutList, RolloutView } from '../../../contracts/rollout-http.ts';
import { SignInView } from '../../../contracts/session.ts';
import { Snapshot } from '../../../contracts/snapshot.ts';
import { TelemetryAnswer, TelemetryPage } from '../../../contracts/telemetry-query.ts';

export type Json = Record<string, unknown>;

export const OUTPUTS = {
  Job: http.JobView,
  JobDetail: http.JobDetail,
  JobList: http.JobList,
  JobEvent,
  EventList: http.EventList,
  ApprovalList: http.ApprovalList,
  ArtifactList: http.ArtifactList,
  CassetteList: http.CassetteList,
  Cassette,
  RolloutList,
  Rollout: RolloutView,
  SnapshotList: http.SnapshotList,
  Snapshot,
  Decision: http.DecisionView,
  ApprovalDetailList: approvals.ApprovalDetailList,
  BulkDecision: approvals.BulkDecisionView,
  Health: http.HealthView,
  Status: http.StatusView,
  Queue: http.QueueView,
  Metrics: ServiceMetrics,
  RunMetrics,
  TelemetryAnswer,
  TelemetryPage,
  Reconciled: http.ReconcileView,
  FlagList: http.FlagList,
  Flag: http.FlagView,
  KillSwitch: http.KillView,
  Cost: CostView,
  VerifyReport: http.VerifyReport,
  VerifyPage: http.VerifyPage,
  AuditDigest,
  DigestPage: http.DigestPage,
  SignIn: SignInView,
  // RFC 9457: a problem may carry more than these (a new digest, the places that are wrong).
  Problem: z.looseObject(http.Problem.shape),
};
export const INPUTS = {
  JobSpec,
  DecisionBody: http.DecisionBody,
  ResumeBody: http.ResumeBody,
  CancelBody: http.CancelBody,
  RedriveBody: approvals.RedriveBody,
  DelegateBody: approvals.DelegateBody,
  RevokeLinksBody: approvals.RevokeLinksBody,
  BulkDecisionBody: approvals.BulkDecisionBody,
  ReconcileBody: http.ReconcileBody,
  FlagBody: http.FlagBody,
  KillBody: http.KillBody,
  ReleaseBody: http.ReleaseBody,
  RollbackBody,
};

export const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return json;
};

export type SchemaName = keyof typeof OUTPUTS | keyof typeof INPUTS;

const Local = z.looseObject({ $defs: z.record(z.string(), z.unknown()).default({}) });

/** A schema and what it defines for itself: `#/$defs` would mean the root of this document, not of the schema. */
const component = (name: string, schema: z.ZodType, io: 'input' | 'output'): [string, unknown][] => {
  const within = (inner: string): string => `${name}_${inner.replace(/^_+/, '')}`;
  const text = JSON.stringify(schemaOf(schema, io)).replaceAll(
    /"#\/\$defs\/(\w+)"/g,
    (_, inner: string) => `"#/components/schemas/${within(inner)}"`,
  );
  const { $defs, ...json } = Local.parse(JSON.parse(text));
  return [[name, json], ...Object.entries($defs).map(([inner, value]): [string, unknown] => [within(inner), value])];
};

const entries = (schemas: Record<string, z.ZodType>, io: 'input' | 'output'): [string, unknown][] =>
  Object.entries(schemas).flatMap(([name, schema]) => component(name, schema, io));

/** Every schema the document names, from the contracts that parse the traffic. */
export const schemas = (): Json => Object.fromEntries([...entries(OUTPUTS, 'output'), ...entries(INPUTS, 'input')]);
