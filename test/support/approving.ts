import { readEnv } from '../../adapters/env.ts';
import { createWorld, type World } from '../../adapters/world.ts';
import { type ApprovalPolicy, LOCAL_POLICY, type StepPolicy } from '../../contracts/approval-policy.ts';
import type { Commands } from '../../contracts/commands.ts';
import { capabilityOf } from '../../functions/lib/capability.ts';
import { fold } from '../../functions/lib/fold.ts';
import { createCommands } from '../../functions/stage/commands.ts';
import type { CloudOptions } from '../../infra/local/cloud.ts';
import { functionVariables } from '../../infra/local/settings.ts';
import { startTestCloud, type TestCloud } from './cloud.ts';

/** The rules of this machine, with others for the blueprint. */
export const blueprintRules = (blueprint: Partial<StepPolicy>): ApprovalPolicy => ({ ...LOCAL_POLICY, steps: { blueprint } });

/** A cloud under rules of its own, and what its web function is made of. */
export type RuledCloud = { cloud: TestCloud; world: World; commands: Commands; variables: Record<string, string | undefined> };

export const startRuledCloud = async (rules: ApprovalPolicy, options: Partial<CloudOptions> = {}): Promise<RuledCloud> => {
  const environment = { ...options.environment, HOLDPOINT_APPROVAL_POLICY: JSON.stringify(rules) };
  const cloud = await startTestCloud({ ...options, environment });
  const variables = functionVariables(cloud.dataDir, cloud, { ...environment, ...cloud.oidc?.variables })('web');
  const world = createWorld(readEnv(variables));
  return { cloud, world, commands: createCommands(world), variables };
};

/** The capability that an approver of the newest approval was given last. */
export const capabilityTo = async (world: World, jobId: string, approver: string): Promise<string> => {
  const approval = fold(await world.log.read(jobId))?.approvals.at(-1);
  const link = approval?.links.findLast((one) => one.approver === approver);
  if (!approval || !link) throw new Error(`${approver} has no link to job ${jobId}`);
  const { state, visit } = approval;
  const capability = capabilityOf(await world.keyRing(), { job_id: jobId, state, visit }, link);
  if (capability === null) throw new Error(`the key of the link of ${approver} is gone`);
  return capability;
};
