import { ArtifactPath } from '../../../contracts/ids.ts';
import { JobStatus } from '../../../contracts/job-state.ts';
import { after, answer, body, content, id, operation, paging, parameter, step } from './parts.ts';
import { type Json, schemaOf } from './schemas.ts';

const decision = (choice: string, summary: string): Json => ({
  post: operation(
    `${choice}Job`,
    summary,
    { 200: answer('The decision that is on record, this one or an earlier one.', 'Decision') },
    {
      parameters: [id, step],
      requestBody: body('DecisionBody'),
    },
  ),
});

export const jobPaths = (): Json => ({
  '/jobs': {
    get: operation(
      'listJobs',
      'Jobs, newest first.',
      { 200: answer('A page of jobs.', 'JobList') },
      {
        parameters: [
          parameter('status', 'query', schemaOf(JobStatus, 'input')),
          parameter('q', 'query', { type: 'string', maxLength: 200 }),
          ...paging,
        ],
      },
    ),
    post: operation(
      'submitJob',
      'Opens a job. The same spec is the same job.',
      { 200: answer('It was there already.', 'Job'), 201: answer('Opened.', 'Job') },
      {
        requestBody: body('JobSpec'),
      },
    ),
  },
  '/jobs/{id}': { get: operation('getJob', 'A job and its events.', { 200: answer('The job.', 'JobDetail') }, { parameters: [id] }) },
  '/jobs/{id}/events': {
    get: operation(
      'listEvents',
      'Events after a sequence number.',
      { 200: answer('Events in order.', 'EventList') },
      { parameters: [id, after] },
    ),
  },
  '/jobs/{id}/events/stream': {
    get: operation(
      'streamEvents',
      'Events as server-sent events; `id` is the sequence number, `data` a job_event_v1.',
      {
        200: { description: 'The stream.', ...content('text/event-stream', { type: 'string' }) },
        204: { description: 'The job is done and everything was sent.' },
      },
      { parameters: [id, after, parameter('Last-Event-ID', 'header', { type: 'integer' })] },
    ),
  },
  '/jobs/{id}/approve': decision('approve', 'Signs what the digest names.'),
  '/jobs/{id}/reject': decision('reject', 'Ends the job as rejected.'),
  '/jobs/{id}/revise': decision('revise', 'Sends the work back with a comment.'),
  '/jobs/{id}/resume': {
    post: operation(
      'resumeJob',
      'Answers the question an agent asked. The same step and answer again is the same event.',
      { 200: answer('The answer that is on record.', 'Decision') },
      { parameters: [id], requestBody: body('ResumeBody') },
    ),
  },
  '/jobs/{id}/cancel': {
    post: operation(
      'cancelJob',
      'Ends a job.',
      { 200: answer('The job.', 'Job') },
      { parameters: [id], requestBody: body('CancelBody', false) },
    ),
  },
  '/jobs/{id}/artifacts': {
    get: operation('listArtifacts', 'Files of a job.', { 200: answer('Files.', 'ArtifactList') }, { parameters: [id] }),
  },
  '/jobs/{id}/artifacts/{path}': {
    get: operation(
      'getArtifact',
      'One file; the path may have several segments.',
      { 200: { description: 'The file.', ...content('application/octet-stream', {}) } },
      {
        parameters: [id, parameter('path', 'path', schemaOf(ArtifactPath, 'input'))],
      },
    ),
  },
  '/jobs/{id}/cost': {
    get: operation(
      'jobCost',
      'What a job came to on AWS: counted units and USD, model calls excluded.',
      { 200: answer('Units and USD.', 'Cost') },
      { parameters: [id] },
    ),
  },
  '/jobs/{id}/verify': {
    get: operation(
      'verifyJob',
      'Checks the log of a job: chain, digests, versions.',
      { 200: answer('What was found.', 'VerifyReport') },
      { parameters: [id] },
    ),
  },
});
