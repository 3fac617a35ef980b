import path from 'node:path';
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { FUNCTIONS, type FunctionName, type FunctionSpec } from '../functions.ts';
import { LIVE, MACHINES, type MachineId } from '../names.ts';
import { acknowledge } from './acknowledge.ts';
import { Alarms } from './alarms.ts';
import { ApiDeployment } from './api-deployment.ts';
import { MonthlyBudget } from './budget.ts';
import { type CodeOf, ROOT } from './bundle.ts';
import { JobsDashboard } from './dashboard.ts';
import { DigestSchedule } from './digest-schedule.ts';
import { GithubRoles } from './github-roles.ts';
import { HandlerFunction } from './handler-function.ts';
import { HttpApi } from './http-api.ts';
import { ReconcileSchedule } from './reconcile-schedule.ts';
import { RunnerProject } from './runner-project.ts';
import type { StateStack } from './state-stack.ts';
import { refuseUncalled, WorkflowMachine } from './workflow-machine.ts';

/** What of the tree is deployed. */
export type Sources = {
  readonly code: CodeOf;
  readonly functions?: readonly FunctionSpec[];
  /** Files of machines other than those of this tree. */
  readonly definitions?: { readonly [M in MachineId]?: string };
  /** Folder of the tree that checks run on. */
  readonly tree?: string;
};

type Props = StackProps & Sources & { readonly environment: Environment; readonly state: StateStack };

/** What a deployment replaces: functions, state machine, API, and what watches them. */
export class ServiceStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { environment, state, code, functions = FUNCTIONS, definitions = {}, tree = ROOT, ...props }: Props,
  ) {
    super(scope, id, { ...props, terminationProtection: environment.deletionProtection });
    this.addStackDependency(state, 'the tables and buckets its functions name');
    const { contextSecret, digestKey, dataKey } = state;
    const api = new HttpApi(this, 'HttpApi', { environment });
    const shared = { environment, code, contextSecret, digestKey, dataKey, origin: api.origin };
    const handlers = functions.map((spec) => new HandlerFunction(this, spec.name, { spec, ...shared }));
    const handler = (name: FunctionName): HandlerFunction => {
      const found = handlers.find(({ spec }) => spec.name === name);
      if (!found) throw new Error(`infra/functions.ts declares no function "${name}", which the service stack needs`);
      return found;
    };

    for (const { lambda } of handlers.filter(({ spec }) => spec.placeholder)) acknowledge(lambda, WAITED_FOR);
    const files = MACHINES.map((id) => definitions[id] ?? definitionOf(id));
    refuseUncalled(files, handlers);
    const machines = MACHINES.map((id, i) => {
      const definition = files[i] ?? definitionOf(id);
      const { machine } = new WorkflowMachine(this, `${titled(id)}Machine`, { environment, machineId: id, handlers, definition });
      return { id, machine, definition };
    });
    const web = handler('web');
    const live = web.lambda.addAlias(LIVE);
    api.serve(web, live);
    const telemetry = handler('telemetry');
    api.ask(telemetry, telemetry.lambda.addAlias(LIVE));
    const reconciles = new ReconcileSchedule(this, 'ReconcileSchedule', { environment, reconcile: handler('reconcile') });
    const digests = new DigestSchedule(this, 'DigestSchedule', { environment, digest: handler('digest') });

    const alarms = new Alarms(this, 'Alarms', { environment, machines, handlers, queues: [reconciles.failed, digests.failed] });
    new ApiDeployment(this, 'ApiDeployment', { environment, live, alarms: alarms.of('web') });
    new JobsDashboard(this, 'Dashboard', { environment, machines, handlers });
    new MonthlyBudget(this, 'Budget', { environment });
    if (environment.runner) new RunnerProject(this, 'RunnerProject', { environment, runner: environment.runner, dataKey, tree });
    if (environment.ci.github) new GithubRoles(this, 'Github', { environment, github: environment.ci.github });
  }
}

const WAITED_FOR = {
  'Serverless-LambdaDLQ': 'the state machine waits for its answer, retries it and catches what fails: nothing is queued',
};

const definitionOf = (id: MachineId): string => path.join(ROOT, `statemachines/${id}.asl.json`);

const titled = (id: MachineId): string => `${id.slice(0, 1).toUpperCase()}${id.slice(1)}`;
