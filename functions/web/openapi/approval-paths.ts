import { SubjectDigest } from '../../../contracts/ids.ts';
import { Choice } from '../../../contracts/steps.ts';
import { CAPABILITY } from '../../lib/capability.ts';
import { answer, body, content, id, operation, paging, parameter, ref, step } from './parts.ts';
import { type Json, schemaOf } from './schemas.ts';

const capability = parameter('capability', 'path', { type: 'string', pattern: CAPABILITY.source });
const PAGE: Json = content('text/html', { type: 'string' });
const PROBLEM_OR_PAGE: Json = {
  description: 'As any error; a page for who asks for text/html.',
  content: { 'application/problem+json': { schema: ref('Problem') }, 'text/html': { schema: { type: 'string' } } },
};

/** What the form of the page sends. `token` is the page's own, so nobody else can send it. */
const LINK_FORM: Json = {
  type: 'object',
  required: ['subject_digest', 'token', 'choice'],
  properties: {
    subject_digest: schemaOf(SubjectDigest, 'input'),
    token: { type: 'string' },
    choice: schemaOf(Choice, 'input'),
    comment: { type: 'string', maxLength: 4000 },
    typed: { type: 'string', description: 'The step, where the link alone says who decides.' },
  },
};

/** An approver's own page. */
export const linkPaths = (): Json => ({
  '/a/{capability}': {
    get: operation(
      'openLink',
      "An approver's page. Reading it changes nothing.",
      { 200: { description: 'The page.', ...PAGE }, default: PROBLEM_OR_PAGE },
      { parameters: [capability] },
    ),
    post: operation(
      'decideByLink',
      "The decision of the link's approver, from the form of the page alone.",
      { 303: { description: 'Recorded, now or before: back to the page, which shows it.' }, default: PROBLEM_OR_PAGE },
      {
        parameters: [capability],
        requestBody: { required: true, ...content('application/x-www-form-urlencoded', LINK_FORM) },
      },
    ),
  },
});

/** Who is asked, and what people do about approvals beside deciding one. */
export const approvalPaths = (): Json => ({
  '/approvals': {
    get: operation('listApprovals', 'What waits, oldest first.', { 200: answer('A page.', 'ApprovalList') }, { parameters: paging }),
  },
  '/approvals/decide': {
    post: operation(
      'decideApprovals',
      'Decides several approvals at once, each settled on its own.',
      { 200: answer('What came of each, in the order they were sent.', 'BulkDecision') },
      { requestBody: body('BulkDecisionBody') },
    ),
  },
  '/jobs/{id}/redrive': {
    post: operation(
      'redriveJob',
      'Gives a job that ended badly to a new execution, which runs it from its log.',
      { 200: answer('The job.', 'Job') },
      { parameters: [id], requestBody: body('RedriveBody', false) },
    ),
  },
  '/jobs/{id}/approvals': {
    get: operation(
      'listJobApprovals',
      'Every approval of a job: who is asked, votes, delegations, links.',
      { 200: answer('Approvals, the latest last.', 'ApprovalDetailList') },
      { parameters: [id] },
    ),
  },
  '/jobs/{id}/delegate': {
    post: operation(
      'delegateApproval',
      "Hands the caller's say on the open step to somebody else.",
      { 200: answer('The job.', 'Job') },
      { parameters: [id, step], requestBody: body('DelegateBody') },
    ),
  },
  '/jobs/{id}/links/revoke': {
    post: operation(
      'revokeLinks',
      "Revokes links of the open step: one approver's, or all.",
      { 200: answer('The job.', 'Job') },
      { parameters: [id, step], requestBody: body('RevokeLinksBody', false) },
    ),
  },
});
