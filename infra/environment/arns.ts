import * as z from 'zod';

/** A secret with the six characters that Secrets Manager adds: a policy for less would name other secrets too. */
export const secretArn = z
  .string()
  .regex(
    /^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-\w{6}$/,
    'must be the whole ARN of a secret, with its last six characters',
  );

export const certificateArn = z
  .string()
  .regex(/^arn:[a-z-]+:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/, 'must be the ARN of a certificate of ACM, in the region of the API');

export const oidcProviderArn = z
  .string()
  .regex(
    /^arn:[a-z-]+:iam::\d{12}:oidc-provider\/token\.actions\.githubusercontent\.com$/,
    "must be the ARN of GitHub's OIDC provider in IAM",
  );
