import { randomUUID } from 'node:crypto';
import { LIVE } from '../../names.ts';
import { functionArn } from '../arns.ts';

type Failed = { payload: unknown; errorType: string; errorMessage: string };

/** What Lambda sends to the destination of an invocation that failed: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
export const deadLetter = (name: string, { payload, errorType, errorMessage }: Failed, at: Date): string =>
  JSON.stringify({
    version: '1.0',
    timestamp: at.toISOString(),
    requestContext: {
      requestId: randomUUID(),
      functionArn: `${functionArn(name)}:${LIVE}`,
      condition: 'RetriesExhausted',
      approximateInvokeCount: 1,
    },
    requestPayload: payload,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: { errorType, errorMessage },
  });
