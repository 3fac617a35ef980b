import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { FUNCTIONS, type FunctionName } from '../functions.ts';
import type { CodeOf } from './bundle.ts';
import { DigestSchedule } from './digest-schedule.ts';
import { HandlerFunction } from './handler-function.ts';
import { HttpApi } from './http-api.ts';
import { JobMachine } from './job-machine.ts';
import { ReconcileSchedule } from './reconcile-schedule.ts';
import type { StateStack } from './state-stack.ts';

type Props = StackProps & { readonly environment: Environment; readonly state: StateStack; readonly code: CodeOf };

/** What a deployment replaces: functions, state machine, API. */
export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, { environment, state, code, ...props }: Props) {
    super(scope, id, { ...props, terminationProtection: environment.deletionProtection });
    this.addStackDependency(state, 'the tables and buckets its functions name');
    const { contextSecret, digestKey, dataKey } = state;
    const handlers = FUNCTIONS.map((spec) => new HandlerFunction(this, spec.name, { spec, environment, code, contextSecret, digestKey, dataKey }));
    const handler = (name: FunctionName): HandlerFunction => {
      const found = handlers.find(({ spec }) => spec.name === name);
      if (!found) throw new Error(`infra/functions.ts declares no function "${name}", which the service stack needs`);
      return found;
    };

    new JobMachine(this, 'JobMachine', { environment, handlers });
    new HttpApi(this, 'HttpApi', { environment, web: handler('web') });
    new ReconcileSchedule(this, 'ReconcileSchedule', { environment, reconcile: handler('reconcile') });
    new DigestSchedule(this, 'DigestSchedule', { environment, digest: handler('digest') });
  }
}
