import * as z from 'zod';
import { checkExecutionArn, executionArn, machineArn, parseMachineArn } from '../arns.ts';
import { invalid, noSuchExecution, notImplemented, notRedrivable } from '../errors.ts';
import { type Execution, type Stored, Summary } from '../execution.ts';
import { qualifiedArns, type Sfn } from '../sfn.ts';
import type { Place } from '../store.ts';
import { operation, PageRequest, page, seconds } from './operation.ts';
import { resolve } from './start.ts';

const executionArnField = z.string().min(1).max(256);

/** The execution as memory or its journal has it. Throws InvalidArn or ExecutionDoesNotExist. */
export function find(sfn: Sfn, arn: string): Execution | Stored {
  const place = placeOf(arn);
  const found = sfn.store.running(place) ?? (sfn.store.closed(place) ? sfn.store.read(place) : null);
  if (!found) throw noSuchExecution(arn);
  return found;
}

/** Machine and name. An ARN of another account or region belongs to no machine. */
export function placeOf(arn: string): Place {
  checkExecutionArn(arn);
  const [machine = '', name = ''] = arn.split(':').slice(6);
  return executionArn(machine, name) === arn ? { machine, name } : { machine: '', name };
}

const item = (summary: Summary) => ({
  executionArn: executionArn(summary.machine, summary.name),
  stateMachineArn: machineArn(summary.machine),
  name: summary.name,
  status: summary.status,
  startDate: seconds(summary.startedAt),
  ...(summary.stoppedAt === undefined ? {} : { stopDate: seconds(summary.stoppedAt) }),
  ...qualifiedArns({ summary }),
  redriveCount: summary.redriveCount,
  ...(summary.redrivenAt === undefined ? {} : { redriveDate: seconds(summary.redrivenAt) }),
});

const redriveStatus = ({ status }: Summary) => {
  if (status === 'RUNNING') return { redriveStatus: 'NOT_REDRIVABLE', redriveStatusReason: 'Execution is RUNNING and cannot be redriven' };
  if (status === 'SUCCEEDED')
    return { redriveStatus: 'NOT_REDRIVABLE', redriveStatusReason: 'Execution is SUCCEEDED and cannot be redriven' };
  return { redriveStatus: 'REDRIVABLE' };
};

const Describe = z.object({ executionArn: executionArnField, includedData: z.enum(['ALL_DATA', 'METADATA_ONLY']).optional() });

export const describeExecution = operation(Describe, (sfn, request) => {
  const { summary, input, end } = find(sfn, request.executionArn);
  const shown = request.includedData !== 'METADATA_ONLY';
  return {
    ...item(summary),
    ...(shown ? { input, inputDetails: { included: true } } : {}),
    ...(shown && end?.output !== undefined ? { output: end.output, outputDetails: { included: true } } : {}),
    ...(end?.error === undefined ? {} : { error: end.error }),
    ...(end?.cause === undefined ? {} : { cause: end.cause }),
    ...redriveStatus(summary),
  };
});

const List = z.object({
  stateMachineArn: z.string().min(1).max(256).optional(),
  mapRunArn: z.string().optional(),
  statusFilter: z.enum([...Summary.shape.status.options, 'PENDING_REDRIVE']).optional(),
  redriveFilter: z.enum(['REDRIVEN', 'NOT_REDRIVEN']).optional(),
  ...PageRequest,
});

/** Newest first. The alias and version ARNs list what was started through them. */
export const listExecutions = operation(List, (sfn, request) => {
  if (request.mapRunArn !== undefined) throw notImplemented('ListExecutions by mapRunArn');
  if (request.stateMachineArn === undefined) throw invalid('stateMachineArn is required');
  const { machine } = resolve(sfn, request.stateMachineArn);
  const { via, version } = parseMachineArn(request.stateMachineArn);
  const wanted = (summary: Summary) =>
    summary.machine === machine &&
    (request.statusFilter === undefined || summary.status === request.statusFilter) &&
    (request.redriveFilter === undefined || summary.redriveCount > 0 === (request.redriveFilter === 'REDRIVEN')) &&
    (via === 'arn' || (via === 'alias' && summary.via === 'alias') || (summary.via !== 'arn' && summary.version === version));
  const newest = (a: Summary, b: Summary) => b.startedAt - a.startedAt || (a.name < b.name ? -1 : 1);
  const found = sfn.store.summaries().filter(wanted).sort(newest);
  const scope = `${request.stateMachineArn} ${request.statusFilter ?? ''} ${request.redriveFilter ?? ''}`;
  const { items, next } = page(found, scope, request, invalidPage);
  return { executions: items.map(item), ...next };
});

export const invalidPage = (detail: string) => invalid(detail);

const Stop = z.object({
  executionArn: executionArnField,
  error: z.string().max(256).optional(),
  cause: z.string().max(32_768).optional(),
});

/** Durable before it answers. Stopping what has ended changes nothing. */
export const stopExecution = operation(Stop, async (sfn, { executionArn: arn, error, cause }) => {
  const found = find(sfn, arn);
  if (!('journal' in found)) return { stopDate: seconds(found.summary.stoppedAt ?? 0) };
  if (!found.run) sfn.run(found);
  const end = await found.run?.end({ status: 'ABORTED', error, cause });
  return { stopDate: seconds(end?.at ?? sfn.now()) };
});

const Redrive = z.object({ executionArn: executionArnField, clientToken: z.string().min(1).max(64).optional() });

/** The same client token again gets the same answer. */
export const redriveExecution = operation(Redrive, async (sfn, { executionArn: arn, clientToken }) => {
  const found = find(sfn, arn);
  const again = clientToken !== undefined && found.clientToken === clientToken;
  if (again && found.summary.redrivenAt !== undefined) return { redriveDate: seconds(found.summary.redrivenAt) };
  const { redriveStatusReason } = redriveStatus(found.summary);
  if (redriveStatusReason !== undefined) throw notRedrivable(redriveStatusReason);
  const at = sfn.now();
  const execution = sfn.redrive(placeOf(arn), { t: 'redrive', at, ...(clientToken === undefined ? {} : { clientToken }) });
  await execution?.journal.flush();
  return { redriveDate: seconds(at) };
});
