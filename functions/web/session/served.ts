import type { Hono } from 'hono';
import { handle, type LambdaContext, type LambdaEvent } from 'hono/aws-lambda';
import * as z from 'zod';
import type { World } from '../../../adapters/world.ts';
import { Claims } from '../../../contracts/session.ts';

/** Set here from the verified token, after removing whatever the caller sent under that name. */
export const CLAIMS_HEADER = 'x-holdpoint-verified-claims';

const Verified = z.object({
  requestContext: z.object({ authorizer: z.object({ jwt: z.object({ claims: Claims }) }) }),
});

/** What the JWT authorizer verified of the caller, as a header may carry it; null on routes without one. */
const claimsHeader = (event: unknown): string | null => {
  const claims = Verified.safeParse(event).data?.requestContext.authorizer.jwt.claims;
  return claims ? encodeURIComponent(JSON.stringify(claims)) : null;
};

/** An app as the Lambda handler behind API Gateway: identity comes from the JWT authorizer's claims alone. */
export const served = (app: Hono, { meter }: Pick<World, 'meter'>) => {
  const serve = handle(app);
  return async (event: LambdaEvent, context: LambdaContext) => {
    const { [CLAIMS_HEADER]: _, ...headers } = event.headers ?? {};
    const claims = claimsHeader(event);
    const answer = await serve(
      Object.assign(event, { headers: claims === null ? headers : { ...headers, [CLAIMS_HEADER]: claims } }),
      context,
    );
    meter.flush(context.awsRequestId);
    return answer;
  };
};
