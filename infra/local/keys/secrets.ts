import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Handle } from '../wire.ts';
import { jsonService, ServiceError } from './json-service.ts';

const Get = z.object({ SecretId: z.string(), VersionStage: z.string().default('AWSCURRENT'), VersionId: z.string().optional() });

/** Secrets Manager ends an ARN with `-` and six characters of its own. */
const RANDOM = /-[A-Za-z0-9]{6}$/;

/** Name of a secret, of its ARN, or of its ARN without the last six characters; as the service takes them. */
const isMeant = (arn: string, id: string): boolean => {
  const partial = arn.replace(RANDOM, '');
  return [arn, partial, partial.split(':').at(-1)].includes(id);
};

/**
 * AWS Secrets Manager on this machine: `GetSecretValue` of secrets whose texts are read at each request, so that a changed one is served
 * at once.
 * @param secrets reader of the text, by ARN
 */
export const createSecrets = (secrets: Readonly<Record<string, () => string>>): Handle =>
  jsonService('Secrets Manager', {
    GetSecretValue: (input) => {
      const asked = Get.safeParse(input);
      if (!asked.success) throw new ServiceError('InvalidParameterException', z.prettifyError(asked.error));
      const { SecretId, VersionStage, VersionId } = asked.data;
      const [arn, read] = Object.entries(secrets).find(([one]) => isMeant(one, SecretId)) ?? [];
      if (arn === undefined || !read || VersionStage !== 'AWSCURRENT') {
        throw new ServiceError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
      }
      const SecretString = read();
      const version = createHash('sha256').update(SecretString).digest('hex').slice(0, 32);
      if (VersionId !== undefined && VersionId !== version) {
        throw new ServiceError('ResourceNotFoundException', "Secrets Manager can't find the specified secret version.");
      }
      const Name = arn.replace(RANDOM, '').split(':').at(-1);
      return { ARN: arn, Name, VersionId: version, SecretString, VersionStages: ['AWSCURRENT'] };
    },
  });
