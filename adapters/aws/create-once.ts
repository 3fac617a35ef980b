import { setTimeout as pause } from 'node:timers/promises';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { RetryableError } from '../../contracts/errors.ts';
import { hasName } from './aws-errors.ts';

const TRIES = 5;
/** Before the second try, at most; doubled each time. In ms. */
const PAUSE_MS = 20;

export type NewObject = { Bucket: string; Key: string; Body: string | Uint8Array; ContentType: string };

/**
 * Creates an object if its key is free: `PutObject` with `If-None-Match: *`. False when somebody was there first
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
 */
export const createOnce = async (s3: S3Client, object: NewObject): Promise<boolean> => {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      await s3.send(new PutObjectCommand({ ...object, IfNoneMatch: '*' }));
      return true;
    } catch (error) {
      if (hasName(error, 'PreconditionFailed')) return false;
      // A concurrent conditional write or delete of the same key: S3 asks to try again.
      if (!hasName(error, 'ConditionalRequestConflict')) throw error;
    }
    await pause(Math.random() * PAUSE_MS * 2 ** attempt);
  }
  throw new RetryableError(`S3 kept answering 409 for ${object.Key}`);
};
