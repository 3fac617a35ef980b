import * as z from 'zod';
import * as approvals from '../contracts/approval-http.ts';
import { JobEvent } from '../contracts/events.ts';
import { ApprovalView, DecisionView, FlagList, FlagView, JobView } from '../contracts/http.ts';
import { Snapshot } from '../contracts/snapshot.ts';

// Answers of a newer server may carry more than this version knows: it is kept for --json, not refused.

export const Job = z.looseObject(JobView.shape);
export type Job = z.infer<typeof Job>;

export const EventView = z.looseObject({ ...JobEvent.shape, event_type: z.string().max(64) });
export type EventView = z.infer<typeof EventView>;

export const JobAndEvents = z.looseObject({ job: Job, events: z.array(EventView) });
export const Jobs = z.looseObject({ jobs: z.array(Job), next_cursor: z.string().nullable() });
export const Events = z.looseObject({ events: z.array(EventView) });
export const Approval = z.looseObject(ApprovalView.shape);
export type Approval = z.infer<typeof Approval>;
export const Approvals = z.looseObject({ approvals: z.array(Approval), next_cursor: z.string().nullable() });
export const ApprovalDetail = z.looseObject(approvals.ApprovalDetail.shape);
export type ApprovalDetail = z.infer<typeof ApprovalDetail>;
export const ApprovalDetails = z.looseObject({ approvals: z.array(ApprovalDetail) });
export const Decided = z.looseObject(DecisionView.shape);
export const SnapshotView = z.looseObject(Snapshot.shape);
export type SnapshotView = z.infer<typeof SnapshotView>;
export const Snapshots = z.looseObject({ snapshots: z.array(SnapshotView) });
export const Flag = z.looseObject({ ...FlagView.shape, name: z.string(), type: z.string(), owner: z.string() });
export const Flags = z.looseObject({ ...FlagList.shape, flags: z.array(Flag) });
export const Metrics = z.looseObject({});
