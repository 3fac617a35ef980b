import type { CloudOptions } from '../../../infra/local/cloud.ts';
import { lostDocuments, lostTable, mutedApi } from './broken.ts';
import { byPolicy } from './by-policy.ts';
import { live } from './live.ts';
import { replayed } from './replayed.ts';
import { rolledOut } from './rollout.ts';
import { slowQuestion } from './slow-question.ts';

/** What people and machines do with this system, end to end. Each starts clouds of its own with the options it is given. */
export const JOURNEYS: Readonly<Record<string, (options: Partial<CloudOptions>) => Promise<void>>> = {
  replayed,
  live,
  lostTable,
  mutedApi,
  lostDocuments,
  byPolicy,
  rolledOut,
  slowQuestion,
};
