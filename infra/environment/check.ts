import type * as z from 'zod';
import { policyOf } from '../../contracts/approval-policy.ts';
import { ApprovalStep } from '../../contracts/steps.ts';
import type { EnvironmentFields } from '../environments.ts';
import { FUNCTIONS } from '../functions.ts';
import { chainProblem, needsKeys } from './llm.ts';
import { MAX_VARIABLE_BYTES, variableBytes } from './variables.ts';

type Fields = z.infer<typeof EnvironmentFields>;
type Problem = { path: PropertyKey[]; message: string };

const production = ({ tier, ci, deletionProtection, objectLock, operators }: Fields): Problem[] => {
  if (tier !== 'prod') return [];
  return [
    ...(ci.checks === 'skipped' ? [{ path: ['ci', 'checks'], message: 'CI checks are never skipped in production; set "required"' }] : []),
    ...(deletionProtection ? [] : [{ path: ['deletionProtection'], message: 'must be true in production' }]),
    ...(operators
      ? []
      : [{ path: ['operators'], message: 'production says who may cancel, redrive, take links back and stop everything' }]),
    ...(objectLock.mode === 'none' ? [{ path: ['objectLock', 'mode'], message: 'must be governance or compliance in production' }] : []),
  ];
};

const models = ({ llm }: Fields): Problem[] => {
  const problem = chainProblem(llm);
  const locked = needsKeys(llm) && llm.keysSecretArn === undefined;
  return [
    ...(problem === null ? [] : [{ path: ['llm', 'providers'], message: problem }]),
    ...(locked
      ? [
          {
            path: ['llm', 'keysSecretArn'],
            message: `mode ${llm.mode} calls providers that want a key: give the ARN of the secret that holds them`,
          },
        ]
      : []),
  ];
};

/** Channels whose addresses are secrets. The default e-mail address is the environment's own topic; the outbox has none. */
const reachable = ({ approvals, notifications }: Fields): Problem[] =>
  approvals.recipients.flatMap(({ channel, address }, i) =>
    channel === 'outbox' || (channel === 'email' && address === 'default') || notifications.secretArn
      ? []
      : [
          {
            path: ['approvals', 'recipients', i],
            message: `the address of ${channel}/${address} comes from a secret, and "notifications.secretArn" names none`,
          },
        ],
  );

/** Proofs that a step asks for and nobody of this environment can give. */
const provable = ({ approvals, allowLinkApproval, oidc }: Fields): Problem[] => {
  const links = allowLinkApproval && oidc?.signIn !== 'required';
  const why = allowLinkApproval ? '"oidc.signIn" is required' : '"allowLinkApproval" is false';
  return (['default', ...ApprovalStep.options] as const).flatMap((step) => {
    const rules = step === 'default' ? approvals.default : approvals.steps[step]?.proven_by && policyOf(approvals, step);
    if (!rules || rules.proven_by.includes('oidc') || (links && rules.proven_by.includes('link'))) return [];
    const path = step === 'default' ? ['approvals', 'default', 'proven_by'] : ['approvals', 'steps', step, 'proven_by'];
    return [{ path, message: `nobody can decide with this: ${links ? '"local" exists on the local cloud alone' : why}; add "oidc"` }];
  });
};

const size = (fields: Fields): Problem[] => {
  const [largest] = FUNCTIONS.map(({ name }) => ({ name, bytes: variableBytes(name, fields) })).toSorted((a, b) => b.bytes - a.bytes);
  if (!largest || largest.bytes <= MAX_VARIABLE_BYTES) return [];
  return [
    {
      path: ['approvals'],
      message:
        `the variables of the function ${largest.name} come to ${largest.bytes} bytes, of which this policy has ` +
        `${Buffer.byteLength(JSON.stringify(fields.approvals))}; Lambda takes ${MAX_VARIABLE_BYTES}. Give it fewer steps, approvers or recipients`,
    },
  ];
};

/** What fields must be together. */
export const checkEnvironment = (fields: Fields, context: z.RefinementCtx): void => {
  for (const { path, message } of [production, models, reachable, provable, size].flatMap((check) => check(fields))) {
    context.addIssue({ code: 'custom', path, message });
  }
};
